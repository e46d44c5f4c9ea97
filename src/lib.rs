//! Warmline.
pub mod config;
