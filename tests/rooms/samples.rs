//! Recorded stanzas in, wishes out.
