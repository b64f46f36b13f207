//! What a client can and cannot do to the built-in server, beyond what every door is asked.

mod hostile;
mod keeping;
mod pressure;
