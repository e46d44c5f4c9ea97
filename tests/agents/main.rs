//! Agents outside of rooms, bytes in and stanzas out, with the real bridge behind them.

mod chat;
mod commands;
mod desk;
mod every_stanza;
mod fastpath;
mod presence;
mod queue;
mod service;
