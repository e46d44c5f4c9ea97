//! Joins conversations and workgroups: facts in, consequences out.

mod effect;
mod input;

pub use effect::*;
pub use input::*;
