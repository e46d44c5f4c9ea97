//! Warmline.
pub mod app;
pub mod config;
pub mod telemetry;
