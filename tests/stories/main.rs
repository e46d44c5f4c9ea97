//! Given, when, then: the bridge with a clock in hand.

mod kept;
mod shown;
mod story;

mod ending;
mod handing_over;
mod rooms;
mod waiting;
