//! The root of all keys: made by whoever needs one first, never changed.

use super::SqlitePeople;
use crate::accounts::secrets::Secrets;
use crate::auth::{AuthError, AuthResult};
use hmac::{Hmac, Mac};
use sha2::Sha256;

impl Secrets for SqlitePeople {
    fn key(&self, purpose: &str) -> AuthResult<[u8; 32]> {
        let root: Vec<u8> = self.connections.with(|connection| {
            let read = "SELECT root FROM secret WHERE id = 1";
            let found = connection.query_row(read, [], |row| row.get(0));
            if !matches!(found, Err(rusqlite::Error::QueryReturnedNoRows)) {
                return found;
            }
            let mut root = [0; 32];
            (self.random)(&mut root);
            let sql = "INSERT INTO secret (id, root) VALUES (1, ?) ON CONFLICT DO NOTHING";
            connection.execute(sql, [root])?;
            // Whoever was faster made the one that counts.
            connection.query_row(read, [], |row| row.get(0))
        })?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&root)
            .map_err(|_| AuthError::Broken("the root of all keys has no length".to_owned()))?;
        mac.update(purpose.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}
