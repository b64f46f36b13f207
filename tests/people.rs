//! What goes with accounts, through the real program: letters at a real mail server, codes and
//! invitations among several processes, captchas.

#[path = "people/codes.rs"]
mod codes;
mod harness;
#[path = "people/mail.rs"]
mod mail;
