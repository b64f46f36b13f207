//! A program that does nothing and notes what it was asked to.

use super::*;
use crate::doctor::Finding;
use crate::storage::undo::{self, Event, History, Undo, Undone};
use crate::sync::{CollectionName, Timestamp};

#[derive(Default)]
pub(super) struct Noting {
    pub(super) asked: Rc<RefCell<Vec<String>>>,
}

impl Noting {
    fn note(&self, what: String) {
        self.asked.borrow_mut().push(what);
    }
}

impl Program for Noting {
    fn serve(&self, config: &Config, started: &mut dyn FnMut(SocketAddr)) -> Result<(), Failure> {
        self.note(format!("serve {}", config.server.listen));
        started(config.server.listen);
        Ok(())
    }

    fn fastcgi(&self, config: &Config, socket: Socket) -> Result<(), Failure> {
        let family = if matches!(socket, Socket::Unix(_)) {
            "unix"
        } else {
            "tcp"
        };
        self.note(format!("fastcgi {family} {}", config.server.workers));
        Ok(())
    }

    fn purge(&self, _: &Config, tell: &mut dyn FnMut(u64)) -> Result<u64, Failure> {
        tell(5);
        Ok(7)
    }

    fn migrate(&self, _: &Config, order: Migrate) -> Result<Vec<Migrated>, Failure> {
        self.note(format!("migrate {} {}", order.dry_run, order.without_php));
        Ok(vec![
            Migrated {
                database: "database a at db:3306".into(),
                outcome: Ok(vec!["-- Why.\nCREATE 1".into(), "CREATE 2".into()]),
            },
            Migrated {
                database: "database b\n at db:3306".into(),
                outcome: Ok(Vec::new()),
            },
        ])
    }

    fn examine(&self, _: &Config, order: &Order) -> Result<Report, Failure> {
        let login = order.login.as_ref().map(|login| &login.name);
        self.note(format!("examine {} {login:?}", order.url));
        let fault = Finding::fault("authorization", "It is lost.")
            .because("Nobody gets in.")
            .cure("in the file", "one\ntwo");
        let findings = vec![Finding::fine("upload", "It arrives."), fault];
        Ok(Report::new(order.url.clone(), findings))
    }

    fn check(&self, _: &Config) -> Result<Vec<Answer>, Failure> {
        let answer = |server: &str, trouble: Option<&str>| Answer {
            server: server.into(),
            trouble: trouble.map(str::to_owned),
        };
        Ok(vec![
            answer("records: a", None),
            answer("memcached: b", Some("it is away")),
        ])
    }

    fn accounts(&self, _: &Config) -> Result<Box<dyn Accounts>, Failure> {
        Ok(Box::new(Noting {
            asked: self.asked.clone(),
        }))
    }

    fn undo(&self, _: &Config) -> Result<Box<dyn Undoing>, Failure> {
        Ok(Box::new(Noting {
            asked: self.asked.clone(),
        }))
    }

    fn mail(&self, _: &Config, address: &str) -> Result<Vec<String>, Failure> {
        self.note(format!("mail {address}"));
        Ok(vec!["no link".to_owned()])
    }

    fn nodes(&self, _: &Config) -> Result<Box<dyn Nodes>, Failure> {
        Ok(Box::new(Noting {
            asked: self.asked.clone(),
        }))
    }

    fn move_user(
        &self,
        (from, to): (&Config, &Config),
        name: &str,
        tell: &mut dyn FnMut(&str),
    ) -> Result<String, Failure> {
        let urls = [from, to].map(|config| config.nodes.own.as_ref().unwrap().as_str().to_owned());
        self.note(format!("move {name} {urls:?}"));
        tell("copying");
        Ok(urls[1].clone())
    }

    fn backup(
        &self,
        _: &Config,
        what: &What,
        goal: Goal<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<BackedUp, Failure> {
        self.note(format!("backup {:?}", what.user));
        tell("1 of 2 users");
        let mut file;
        let out: &mut dyn Write = match goal {
            Goal::Stream(out) => out,
            Goal::File(to) => {
                file = to;
                &mut file
            }
        };
        out.write_all(b"saved\n").unwrap();
        let mut done = BackedUp {
            users: 2,
            nameless: (1..=22).collect(),
            ..BackedUp::default()
        };
        if what.only_records {
            done.failed.push(Failed {
                user: "ada".into(),
                why: "busy".into(),
            });
        }
        Ok(done)
    }

    fn restore(
        &self,
        _: &Config,
        origin: Origin<'_>,
        wanted: &Restoring,
        _: &mut dyn FnMut(&str),
    ) -> Result<Restored, Failure> {
        let from = match origin {
            Origin::File(_, note) => note.display().to_string(),
            Origin::Stream(input) => io::read_to_string(input).unwrap(),
        };
        self.note(format!(
            "restore {from} {:?} {}",
            wanted.name, wanted.replace
        ));
        Ok(Restored {
            dry_run: wanted.dry_run,
            users: vec![RestoredUser {
                user: "ada".into(),
                account: Became::Kept,
                records: Became::Replaced,
                count: 3,
                bytes: 4_000,
                before: Some("2026-11-24T16:05:07.49Z".into()),
            }],
            ..Restored::default()
        })
    }
}

impl Accounts for Noting {
    fn add(&self, name: &str, password: &str, email: Option<&str>) -> Result<(), Failure> {
        self.note(format!("add {name} {password} {email:?}"));
        Ok(())
    }

    fn list(&self, visit: &mut dyn FnMut(&Account)) -> Result<(), Failure> {
        visit(&Account {
            name: "ada".into(),
            email: Some("ada@example.org".into()),
            enabled: true,
            ..Account::default()
        });
        visit(&Account {
            name: "bob".into(),
            ..Account::default()
        });
        Ok(())
    }

    fn set_password(&self, name: &str, password: &str) -> Result<(), Failure> {
        self.note(format!("password {name} {password}"));
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), Failure> {
        self.note(format!("delete {name}"));
        Ok(())
    }

    fn show(&self, _: &str) -> Result<Usage, Failure> {
        Ok(Usage {
            account: Account {
                name: "ada".into(),
                quota_bytes: Some(50_000_000),
                ..Account::default()
            },
            collections: vec![Collection {
                name: "history".into(),
                records: 12,
                bytes: 3_456,
                modified: 1_772_368_205.25,
            }],
        })
    }

    fn usages(&self, visit: &mut dyn FnMut(&Usage)) -> Result<(), Failure> {
        visit(&self.show("")?);
        visit(&Usage::default());
        Ok(())
    }

    fn set(&self, name: &str, change: &Change) -> Result<(), Failure> {
        self.note(format!("{name} {change:?}"));
        Ok(())
    }

    fn reset_link(&self, name: &str) -> Result<Link, Failure> {
        let page = format!("weave-password-reset?username={name}&key=K");
        Ok(Link {
            code: "K".into(),
            link: Some(format!("https://x.org/{page}")),
            page,
            expires: 0.0,
        })
    }

    fn invite(&self, days: u32, note: Option<&str>) -> Result<Link, Failure> {
        self.note(format!("invite {days} {note:?}"));
        Ok(Link {
            code: "K".into(),
            link: None,
            page: "sign-up?invitation=K".into(),
            expires: 0.0,
        })
    }

    fn invitations(&self) -> Result<Vec<Invited>, Failure> {
        Ok(vec![Invited {
            number: 3,
            note: None,
            expires: 1_772_368_205.25,
            used_by: None,
        }])
    }

    fn revoke(&self, number: i64) -> Result<(), Failure> {
        self.note(format!("revoke {number}"));
        Ok(())
    }
}

impl Nodes for Noting {
    fn add(&self, url: &str, places: u32) -> Result<(), Failure> {
        self.note(format!("node {url} {places}"));
        Ok(())
    }

    fn drain(&self, url: &str) -> Result<(), Failure> {
        self.note(format!("drain {url}"));
        Ok(())
    }

    fn list(&self) -> Result<Vec<Node>, Failure> {
        Ok(vec![Node {
            url: "https://n1.example.org/".into(),
            places: 10,
            taken: 3,
            draining: true,
        }])
    }
}

impl Undoing for Noting {
    fn history(&self, name: &str) -> Result<History, Failure> {
        self.note(format!("history {name}"));
        let event = |collection: &str, time, deleted, replaced| Event {
            collection: CollectionName::new(collection).unwrap(),
            since: Timestamp::ZERO,
            time: Timestamp::from_centis(time),
            deleted,
            replaced,
        };
        Ok(History {
            events: vec![
                event("history", 177_236_820_527, 3400, 0),
                event("bookmarks", 177_236_820_526, 12, 5),
            ],
            reaches: ["history", "bookmarks"]
                .map(|name| (CollectionName::new(name).unwrap(), Timestamp::ZERO))
                .into(),
        })
    }

    fn undo(
        &self,
        name: &str,
        undo: &Undo,
        tell: &mut dyn FnMut(&undo::Restored),
    ) -> Result<Undone, Failure> {
        let collection = undo.collection.as_ref().map(CollectionName::as_str);
        let (to, rehearsal) = (undo.to, undo.rehearsal);
        self.note(format!("undo {name} {collection:?} {to} {rehearsal}"));
        let restored = undo::Restored {
            collection: CollectionName::new("history").unwrap(),
            returned: 3400,
            reverted: 0,
            removed: 2,
        };
        tell(&restored);
        Ok(Undone {
            time: Timestamp::from_centis(177_236_900_000),
            collections: vec![restored],
        })
    }
}
