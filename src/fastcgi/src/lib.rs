//! FastCGI.
