//! A floor for a server that has to ask: a FastCGI responder that puts the questions of a Weft request for
//! `info/collections` (is this user locked out? who is it? what is there?) to memcached and to MariaDB,
//! does nothing with the answers, which are as short as answers can be, and answers 200 bytes.
//! Whom it asks stands in the file `asks` beside it, see `Contender::that_asks`.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use fastcgi::{Limits, Listener, Request, ResponseWriter, Stop};
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Statement};

/// What is asked of memcached: in one write, answered in one read.
const LOOK: &[u8] = b"get asking\r\n";
const NOT_THERE: &[u8] = b"END\r\n";

/// Whom a responder asks.
struct Asked {
    mariadb: Conn,
    statement: Statement,
    statements: usize,
    memcached: Option<TcpStream>,
}

impl Asked {
    fn connect() -> io::Result<Asked> {
        let file = std::env::current_exe()?.with_file_name("asks");
        let text = std::fs::read_to_string(file)?;
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default();
        let options = OptsBuilder::new()
            .socket(Some(line()))
            .user(Some(line()))
            .pass(Some(line()));
        let mut mariadb = Conn::new(options).map_err(io::Error::other)?;
        let statement = mariadb.prep("SELECT 1").map_err(io::Error::other)?;
        let statements = line().parse().map_err(io::Error::other)?;
        let memcached = match line() {
            "" => None,
            port => {
                let port: u16 = port.parse().map_err(io::Error::other)?;
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
                stream.set_nodelay(true)?;
                Some(stream)
            }
        };
        Ok(Asked {
            mariadb,
            statement,
            statements,
            memcached,
        })
    }

    fn ask(&mut self) -> io::Result<()> {
        if let Some(memcached) = &mut self.memcached {
            memcached.write_all(LOOK)?;
            let mut answer = [0; NOT_THERE.len()];
            memcached.read_exact(&mut answer)?;
        }
        for _ in 0..self.statements {
            let asked = self.mariadb.exec_drop(&self.statement, ());
            asked.map_err(io::Error::other)?;
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let Some(listener) = Listener::from_stdin()? else {
        return Err(io::Error::other(
            "standard input is not a listening socket: Apache's mod_fcgid starts this program",
        ));
    };
    thread_local!(static ASKED: RefCell<Option<Asked>> = const { RefCell::new(None) });
    let answer = |_: &mut Request<'_>, response: &mut ResponseWriter<'_>| {
        ASKED.with_borrow_mut(|asked| match asked {
            Some(asked) => asked.ask(),
            None => asked.insert(Asked::connect()?).ask(),
        })?;
        response.write_all(b"Content-Type: text/plain\r\nContent-Length: 200\r\n\r\n")?;
        response.write_all(&[b'x'; 200])
    };
    fastcgi::serve(listener, 1, Limits::default(), &answer, &Stop::new())
}
