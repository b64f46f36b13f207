//! What a fault on the way to the server means to whoever asked for an account.

use crate::auth::AuthError;
use crate::mysql::Fault;

impl From<Fault> for AuthError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(why) | Fault::Unavailable(why) => AuthError::Unavailable(why),
            Fault::Deadlock | Fault::Locked => {
                AuthError::Unavailable("the table of accounts is busy".to_owned())
            }
            Fault::Missing(why) | Fault::Broken(why) => AuthError::Broken(why),
            Fault::Duplicate => AuthError::Broken("an account exists that should not".to_owned()),
        }
    }
}
