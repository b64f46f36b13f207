//! The manual's commands, settings, examples of `weft.toml` and links, held against what there is.
//!
//! Commands are parsed as the command line would parse them, and not run; whole examples of
//! configuration files are loaded. What needs a server is in `tests/manual.rs`.

use super::*;
use clap::error::ErrorKind;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A page, with its place below the project's folder.
struct Page {
    place: PathBuf,
    text: String,
}

/// A stretch of code in a page.
struct Block<'p> {
    /// What it is written in, where the page says so.
    language: &'p str,
    lines: Vec<&'p str>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<Page> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let mut places: Vec<PathBuf> = docs.map(|entry| entry.unwrap().path()).collect();
    places.push(root().join("README.md"));
    places.retain(|place| place.extension().is_some_and(|end| end == "md"));
    places.sort();
    assert!(places.len() > 10, "{places:?}");
    let page = |place: PathBuf| Page {
        text: fs::read_to_string(&place).unwrap(),
        place: place.strip_prefix(root()).unwrap().to_owned(),
    };
    places.into_iter().map(page).collect()
}

impl Page {
    /// Fenced and indented code.
    fn blocks(&self) -> Vec<Block<'_>> {
        let (mut blocks, mut fenced): (Vec<Block<'_>>, bool) = (Vec::new(), false);
        for line in self.text.lines() {
            match line.strip_prefix("```") {
                Some(language) => {
                    fenced = !fenced;
                    if fenced {
                        let lines = Vec::new();
                        blocks.push(Block { language, lines });
                    }
                }
                None if fenced => blocks.last_mut().unwrap().lines.push(line),
                None if line.starts_with("    ") => blocks.push(Block {
                    language: "",
                    lines: vec![line.trim()],
                }),
                None => {}
            }
        }
        blocks
    }

    /// Words between backticks, outside of blocks.
    fn named(&self) -> Vec<String> {
        let fence_is_odd = self.text.split("```").step_by(2);
        let prose = fence_is_odd.collect::<Vec<_>>().join("\n");
        let spans = prose.split('`').skip(1).step_by(2);
        spans.map(|span| span.replace('\n', " ")).collect()
    }
}

/// The words of a command line up to where the shell goes on with something else; nothing when it is
/// not one of ours.
fn words(line: &str) -> Option<Vec<String>> {
    let line = line.trim().trim_start_matches("umask 077; ");
    let line = line.strip_prefix("sudo -u www-data ").unwrap_or(line);
    let line = line.strip_prefix("/srv/weft/").unwrap_or(line);
    let rest = line.strip_prefix("weft ")?;
    let (mut words, mut quoted) = (vec!["weft".to_owned(), String::new()], false);
    for letter in rest.chars() {
        match letter {
            '"' => quoted = !quoted,
            '#' | '>' | '|' | '&' | ';' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    Some(words)
}

fn problem(words: &[String]) -> Option<clap::Error> {
    let error = CommandLine::try_parse_from(words).err()?;
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    (!asked).then_some(error)
}

#[test]
fn every_command_of_the_manual_is_one() {
    let mut count = 0;
    for page in pages() {
        for block in page
            .blocks()
            .iter()
            .filter(|block| block.language != "text")
        {
            for words in block.lines.iter().filter_map(|line| words(line)) {
                count += 1;
                if let Some(error) = problem(&words) {
                    panic!("{}: {words:?}: {error}", page.place.display());
                }
            }
        }
        // The decisions speak of what is to come, too.
        let instructs = !page.place.ends_with("decisions.md");
        for span in page.named().into_iter().filter(|_| instructs) {
            let Some(words) = words(&span).filter(|_| !span.contains(['…', '*'])) else {
                continue;
            };
            if words[1..].iter().any(|word| word == "COMMAND") {
                continue;
            }
            count += 1;
            // Prose may name a command without all that it takes.
            let named_only = [
                ErrorKind::MissingRequiredArgument,
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
            ];
            match problem(&words) {
                Some(error) if !named_only.contains(&error.kind()) => {
                    panic!("{}: {span}: {error}", page.place.display())
                }
                _ => {}
            }
        }
    }
    assert!(count > 60, "{count}");
    let wrong = words("weft user quota ada --size 5 # no such option").unwrap();
    assert!(problem(&wrong).is_some(), "{wrong:?}");
}

#[test]
fn every_example_of_a_configuration_loads() {
    let mut count = 0;
    for page in pages() {
        for block in page
            .blocks()
            .iter()
            .filter(|block| block.language == "toml")
        {
            count += 1;
            let machine = Machine::new();
            let text = block.lines.join("\n") + "\n";
            fs::write(machine.root.path().join("weft.toml"), &text).unwrap();
            let done = machine.run("weft config --check");
            let place = page.place.display();
            assert_eq!(done.code, 0, "{place}:\n{text}\n{}", done.errors);
            // A file with a password wants to be closed, which is the operator's to see to.
            let warnings = done
                .output
                .lines()
                .filter(|line| line.starts_with("Warning:"));
            let other: Vec<_> = warnings
                .filter(|line| !line.contains("weft.toml"))
                .collect();
            assert!(other.is_empty(), "{place}:\n{text}\n{other:?}");
        }
    }
    assert!(count > 15, "{count}");
}

#[test]
fn every_setting_that_the_manual_names_is_one() {
    let list = Machine::new().run("weft config --markdown").output;
    let names = list.lines().filter_map(|line| line.strip_prefix("| `"));
    let names: BTreeSet<&str> = names.filter_map(|line| line.split('`').next()).collect();
    let of_section = |name: &str| {
        let section = name.split('.').next().unwrap();
        names
            .iter()
            .any(|known| known.split('.').next() == Some(section))
    };
    let is_setting = |word: &str| {
        let letters = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        word.contains('.') && word.split('.').all(letters) && of_section(word)
    };
    let mut count = 0;
    for page in pages() {
        for span in page.named() {
            let word = span.split(" = ").next().unwrap();
            if is_setting(word) {
                count += 1;
                let below = format!("{word}.");
                let known =
                    names.contains(word) || names.iter().any(|name| name.starts_with(&below));
                assert!(known, "{}: {word}", page.place.display());
            }
        }
    }
    assert!(count > 40, "{count}");
}

/// The name by which a heading can be linked to.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_of_the_manual_leads_somewhere() {
    let mut count = 0;
    for page in pages() {
        for link in page.text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.starts_with("http") {
                continue;
            }
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root().join(&page.place),
                file => root().join(&page.place).with_file_name("").join(file),
            };
            assert!(target.exists(), "{}: {link}", page.place.display());
            if !part.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|line| anchor(line) == part), "{link}");
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

/// The words of every command, groups too.
fn all_commands() -> Vec<Vec<String>> {
    fn gather(command: &clap::Command, above: &[String], found: &mut Vec<Vec<String>>) {
        for part in command
            .get_subcommands()
            .filter(|part| part.get_name() != "help")
        {
            let words = [above, &[part.get_name().to_owned()]].concat();
            found.push(words.clone());
            gather(part, &words, found);
        }
    }
    let mut found = Vec::new();
    gather(
        &<CommandLine as clap::CommandFactory>::command(),
        &["weft".to_owned()],
        &mut found,
    );
    found
}

#[test]
fn every_command_explains_itself_and_refuses_what_it_does_not_know() {
    let machine = Machine::new();
    let commands = all_commands();
    assert!(commands.len() > 25, "{commands:?}");
    for words in commands {
        let line = words.join(" ");
        let done = machine.run(&format!("{line} --help"));
        assert_eq!((done.code, &*done.errors), (0, ""), "{line}");
        let usage = format!("Usage: {line}");
        let about = done.output.split(&usage).next().unwrap();
        assert!(
            done.output.contains(&usage) && about.trim().len() > 10,
            "{}",
            done.output
        );
        let done = machine.run(&format!("{line} --no-such-option"));
        assert_eq!((done.code, &*done.output), (2, ""), "{line}");
        assert!(done.asked.is_empty() && !done.errors.is_empty(), "{line}");
    }
}
