//! The rules of each building block, without any transport.
