//! The list of nodes, and who is on which.

use super::{SqlitePeople, write};
use crate::accounts::nodes::{Node, Nodes};
use crate::auth::AuthResult;
use crate::sync::UserId;
use rusqlite::{Connection, OptionalExtension, params};

impl Nodes for SqlitePeople {
    fn add(&self, url: &str, places: u32) -> AuthResult<()> {
        let sql = "INSERT INTO node (url, places) VALUES (?, ?)
            ON CONFLICT (url) DO UPDATE SET places = excluded.places, draining = 0";
        self.connections.with(|connection| {
            connection
                .prepare_cached(sql)?
                .execute(params![url, places])?;
            Ok(())
        })
    }

    fn drain(&self, url: &str) -> AuthResult<bool> {
        let sql = "UPDATE node SET draining = 1 WHERE url = ?";
        self.connections
            .with(|connection| Ok(connection.prepare_cached(sql)?.execute([url])? > 0))
    }

    fn list(&self) -> AuthResult<Vec<Node>> {
        let sql = "SELECT url, places, draining,
                (SELECT count(*) FROM assignment WHERE node = url)
            FROM node ORDER BY url";
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Node {
                    url: row.get(0)?,
                    places: row.get(1)?,
                    draining: row.get(2)?,
                    taken: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    fn of(&self, user: UserId) -> AuthResult<Option<String>> {
        self.connections
            .with(|connection| assigned(connection, user))
    }

    fn assign(&self, user: UserId) -> AuthResult<Option<String>> {
        self.connections.with(|connection| {
            if let Some(node) = assigned(connection, user)? {
                return Ok(Some(node));
            }
            write(connection, || {
                // Somebody else may have been faster.
                if let Some(node) = assigned(connection, user)? {
                    return Ok(Some(node));
                }
                let sql = "SELECT url FROM (
                        SELECT url, places - (SELECT count(*) FROM assignment WHERE node = url)
                            AS free
                        FROM node WHERE draining = 0)
                    WHERE free > 0 ORDER BY free DESC, url LIMIT 1";
                let mut statement = connection.prepare_cached(sql)?;
                let node: Option<String> = statement.query_row([], |row| row.get(0)).optional()?;
                if let Some(node) = &node {
                    put(connection, user, node)?;
                }
                Ok(node)
            })
        })
    }

    fn put(&self, user: UserId, url: &str) -> AuthResult<()> {
        self.connections
            .with(|connection| put(connection, user, url))
    }

    fn forget(&self, user: UserId) -> AuthResult<()> {
        let sql = "DELETE FROM assignment WHERE user = ?";
        self.connections.with(|connection| {
            connection.prepare_cached(sql)?.execute([user.number()])?;
            Ok(())
        })
    }
}

fn assigned(connection: &Connection, user: UserId) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT node FROM assignment WHERE user = ?";
    let mut statement = connection.prepare_cached(sql)?;
    statement
        .query_row([user.number()], |row| row.get(0))
        .optional()
}

fn put(connection: &Connection, user: UserId, url: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO assignment (user, node) VALUES (?, ?)
        ON CONFLICT (user) DO UPDATE SET node = excluded.node";
    connection
        .prepare_cached(sql)?
        .execute(params![user.number(), url])?;
    Ok(())
}
