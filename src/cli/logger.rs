//! The log: one line per record, with time, level and source, to standard error or to a file.
//!
//! A line is one write, so that processes which share it don't mix their lines; control
//! characters in it are escaped, so that nobody outside can forge one. Of other people's code only
//! warnings are told: their finer levels may show what was sent to a database or a directory.

use super::Failure;
use super::log_file::LogFile;
use crate::config::settings::{self, LogLevel};
use crate::sync::utc;
use crate::web::failures::Failures;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// The source of the lines that tell of single requests.
const REQUESTS: &str = "access";

/// Writes records.
pub struct Logger {
    level: LevelFilter,
    requests: bool,
    file: Option<LogFile>,
    failures: Option<Failures>,
    clock: fn() -> SystemTime,
}

impl Logger {
    /// A logger as the settings want it, with lines for single requests or without.
    ///
    /// # Errors
    ///
    /// The file can't be opened.
    pub fn new(
        settings: &settings::Log,
        requests: bool,
        clock: fn() -> SystemTime,
    ) -> Result<Self, Failure> {
        let file = match &settings.file {
            Some(path) => {
                let opened = LogFile::open(&path.0, clock());
                Some(opened.map_err(|error| Failure::File {
                    doing: format!("open the log file {}", path.display()),
                    error,
                })?)
            }
            None => None,
        };
        Ok(Logger {
            level: filter(settings.level),
            requests,
            file,
            failures: None,
            clock,
        })
    }

    /// Keeps errors for the administrator's page, too.
    pub fn keeping(mut self, failures: Failures) -> Self {
        self.failures = Some(failures);
        self
    }

    /// Makes it the logger of this process, unless there is one.
    pub fn install(self) {
        let level = self.level;
        // It lives as long as the process.
        if log::set_logger(Box::leak(Box::new(self))).is_ok() {
            log::set_max_level(level);
        }
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let package = target.split("::").next();
        let finest = match package {
            Some(REQUESTS) if !self.requests => LevelFilter::Off,
            Some(REQUESTS | "weft" | "fastcgi") => self.level,
            _ => self.level.min(LevelFilter::Warn),
        };
        metadata.level() <= finest
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let now = (self.clock)();
        let line = line(now, record.level(), record.target(), &text);
        // There is nobody left to tell that the log can't be written.
        let _ = match &self.file {
            Some(file) => file.write(&line, now),
            None => io::stderr().lock().write_all(line.as_bytes()),
        };
        if let Some(failures) = &self.failures
            && record.level() == Level::Error
        {
            failures.note(&line);
        }
    }

    fn flush(&self) {}
}

fn line(time: SystemTime, level: Level, target: &str, text: &str) -> String {
    let mut line = format!("{} {level:<5} {target}: ", timestamp(time));
    for letter in text.trim_end().chars() {
        // Beside control characters: marks that turn the direction of the text around, and the
        // separators that some viewers take for the end of a line.
        let disguise = matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if letter.is_control() || disguise {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line.push('\n');
    line
}

/// A time as `2026-03-01T12:30:05.250Z`.
pub(super) fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    format!("{}.{:03}Z", utc(seconds), since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::FilePath;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_written_to_the_millisecond() {
        assert_eq!(
            timestamp(at(1) + Duration::from_millis(7)),
            "1970-01-01T00:00:01.007Z"
        );
    }

    #[test]
    fn nobody_can_forge_a_line_or_turn_one_around() {
        let text = "name \"a\nb\"\r\x1b[31m\u{85}\u{202e}\u{2028} caf\u{e9}\n";
        assert_eq!(
            line(at(0), Level::Warn, "weft::api", text),
            "1970-01-01T00:00:00.000Z WARN  weft::api: name \"a\\nb\"\\r\\u{1b}[31m\\u{85}\
             \\u{202e}\\u{2028} caf\u{e9}\n"
        );
    }

    #[test]
    fn what_is_told_follows_the_settings() {
        let cases = [
            ("weft::api", Level::Info, LogLevel::Info, true),
            ("weft::api", Level::Debug, LogLevel::Info, false),
            ("fastcgi", Level::Debug, LogLevel::Debug, true),
            ("mysql::conn", Level::Debug, LogLevel::Trace, false),
            ("mysql::conn", Level::Warn, LogLevel::Info, true),
            ("mysql::conn", Level::Warn, LogLevel::Error, false),
            ("weftish", Level::Info, LogLevel::Info, false),
        ];
        for (target, level, set, told) in cases {
            let settings = settings::Log {
                level: set,
                ..Default::default()
            };
            let logger = Logger::new(&settings, false, || at(0)).unwrap();
            let metadata = Metadata::builder().target(target).level(level).build();
            assert_eq!(logger.enabled(&metadata), told, "{target} {level}");
        }
        for requests in [true, false] {
            let logger = Logger::new(&Default::default(), requests, || at(0)).unwrap();
            let metadata = Metadata::builder()
                .target("access")
                .level(Level::Info)
                .build();
            assert_eq!(logger.enabled(&metadata), requests);
        }
    }

    #[test]
    fn a_file_gets_the_lines_of_all_who_write_to_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("weft.log");
        let settings = settings::Log {
            file: Some(FilePath(path.clone())),
            ..Default::default()
        };
        for text in ["first", "second"] {
            let logger = Logger::new(&settings, false, || at(0)).unwrap();
            let mut record = Record::builder();
            record.level(Level::Info).target("weft");
            logger.log(&record.args(format_args!("{text}")).build());
        }
        let lines = "1970-01-01T00:00:00.000Z INFO  weft: first\n\
                     1970-01-01T00:00:00.000Z INFO  weft: second\n";
        assert_eq!(std::fs::read_to_string(path).unwrap(), lines);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let settings = settings::Log {
            file: Some(FilePath("/nonexistent/weft.log".into())),
            ..Default::default()
        };
        let failure = Logger::new(&settings, false, || at(0)).err().unwrap();
        assert_eq!(
            failure.to_string(),
            "can't open the log file /nonexistent/weft.log: its folder does not exist; make it"
        );
    }
}
