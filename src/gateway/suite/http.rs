//! The built-in server, asked over its socket.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::{Call, Door, Double, Outcome, Reply};
use crate::exchange::Application;
use crate::gateway::http::{Server, Settings, serve};

/// A server that ends with its test.
pub(crate) struct Http {
    server: Option<Server>,
}

impl Http {
    pub(super) fn open() -> Self {
        Http::with(Arc::new(Double), Settings::default())
    }

    pub(crate) fn with(application: Arc<dyn Application>, settings: Settings) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Http {
            server: Some(serve(application, address, settings).unwrap()),
        }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// A connection whose reads fail rather than hang.
    pub(crate) fn connect(&self) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(self.server().address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        BufReader::new(stream)
    }

    /// Sends `request` as it is, and reads one answer.
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> Outcome {
        let mut stream = self.connect();
        stream.get_mut().write_all(request.as_ref())?;
        read_reply(&mut stream, false)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().request();
            server.wait();
        }
    }
}

impl Door for Http {
    fn name(&self) -> &'static str {
        "HTTP"
    }

    fn call(&self, call: &Call) -> Outcome {
        let mut request = format!(
            "{} {} HTTP/1.1\r\nHost: weft.test\r\n",
            call.method, call.url
        )
        .into_bytes();
        for (name, value) in &call.headers {
            request.extend_from_slice(format!("{name}: ").as_bytes());
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        if !call.body.is_empty() {
            request.extend(format!("Content-Length: {}\r\n", call.body.len()).into_bytes());
        }
        request.extend_from_slice(b"\r\n");
        let mut stream = self.connect();
        stream.get_mut().write_all(&request)?;
        // A browser sends all of it before it looks at the answer.
        stream.get_mut().write_all(&call.body)?;
        read_reply(&mut stream, call.method == "HEAD")
    }
}

/// Reads one answer as a browser does, and fails if it breaks off.
pub(crate) fn read_reply(stream: &mut impl BufRead, is_head: bool) -> Outcome {
    let status_line = read_line(stream)?;
    let number = status_line
        .split(' ')
        .nth(1)
        .and_then(|number| number.parse().ok());
    let mut reply = Reply {
        status: number.ok_or_else(|| io::Error::other(status_line.clone()))?,
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        reply.headers.push(line);
    }
    if is_head || reply.status == 304 {
        return Ok(reply);
    }
    if let Some(length) = reply.header("Content-Length") {
        reply.body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut reply.body)?;
    } else if reply.header("Transfer-Encoding") == Some("chunked") {
        reply.body = read_chunks(stream)?;
    } else {
        stream.read_to_end(&mut reply.body)?;
    }
    Ok(reply)
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(&read_line(stream)?, 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..])?;
        read_line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line)?;
    let line = line
        .strip_suffix(b"\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(String::from_utf8_lossy(line).into_owned())
}
