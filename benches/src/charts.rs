//! Charts for the manual: bars beside each other, as SVG that is read on light and on dark pages.

use std::fmt::Write;
use std::path::Path;

use crate::person::Kind;
use crate::processes::Group;
use crate::requests::Results;

/// The range that Mozilla's PHP server had on a machine of this kind: two shared cores, 8 workers, php-cgi
/// 8.2 under mod_fcgid, MariaDB and memcached. Requests a second; milliseconds of php-cgi and of MariaDB.
const PHP: [(Kind, Range, Range, Range); 5] = [
    (Kind::Info, (900.0, 1_500.0), (0.55, 0.55), (0.3, 0.3)),
    (Kind::Meta, (840.0, 1_200.0), (0.70, 0.70), (0.6, 0.6)),
    (Kind::History, (130.0, 200.0), (6.5, 7.5), (2.1, 2.6)),
    (Kind::Put, (500.0, 630.0), (1.1, 1.1), (0.9, 0.9)),
    (Kind::Post, (160.0, 200.0), (2.9, 2.9), (3.6, 4.5)),
];

/// The least and the most.
type Range = (f64, f64);

/// Bars that are compared: the number of the colour, the length, and what is written behind.
struct Cluster {
    title: String,
    bars: Vec<(usize, f64, String)>,
}

/// Writes all that the figures suffice for.
///
/// # Errors
///
/// The folder can't be written to.
pub fn write(results: &Results, folder: &Path) -> Result<(), String> {
    let save = |name: &str, text: String| {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(|why| format!("{}: {why}", file.display()))
    };
    std::fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut rates = Vec::new();
    let mut spent = Vec::new();
    for (kind, rate, cpu, database) in PHP {
        let Some(weft) = results.find(kind.name(), crate::MARIADB) else {
            continue;
        };
        let middle = (rate.0 + rate.1) / 2.0;
        let mut bars = vec![
            (0, weft.rate(), format!("{:.0}", weft.rate())),
            (1, middle, range(rate)),
        ];
        if let Some(sqlite) = results.find(kind.name(), crate::SQLITE) {
            bars.insert(1, (2, sqlite.rate(), format!("{:.0}", sqlite.rate())));
        }
        let least = results.find(kind.name(), crate::php::STATEMENTS);
        if let Some(least) = least {
            bars.push((4, least.rate(), format!("{:.0}", least.rate())));
        }
        if kind == Kind::Info
            && let Some(nothing) = results.find(kind.name(), crate::NOTHING)
        {
            bars.push((3, nothing.rate(), format!("{:.0}", nothing.rate())));
        }
        rates.push(Cluster {
            title: kind.name().to_owned(),
            bars,
        });
        let mut bars = Vec::new();
        for (group, colours, php) in [
            (Group::Worker, (0, 4, 1), cpu),
            (Group::MariaDb, (2, 5, 3), database),
        ] {
            let measured = [(colours.0, Some(weft)), (colours.1, least)];
            for (colour, figures) in measured {
                let spent = figures.and_then(|figures| figures.cpu(group));
                bars.extend(spent.map(|spent| (colour, spent, format!("{spent:.2}"))));
            }
            bars.push((colours.2, (php.0 + php.1) / 2.0, range(php)));
        }
        spent.push(Cluster {
            title: kind.name().to_owned(),
            bars,
        });
    }
    if rates.is_empty() {
        return Ok(());
    }
    let notes = notes(results);
    let names = [
        "Weft, MariaDB",
        "PHP, MariaDB",
        "Weft, SQLite",
        "nothing at all",
        "least PHP, MariaDB",
    ];
    let text = chart(
        "Requests a second under mod_fcgid (more is better)",
        &names,
        &rates,
        &notes,
    );
    save("requests.svg", text)?;
    let names = [
        "Weft's worker",
        "php-cgi",
        "Weft's MariaDB",
        "PHP's MariaDB",
        "least PHP",
        "its MariaDB",
    ];
    let title = "Milliseconds of processor time per request (less is better)";
    save("processor.svg", chart(title, &names, &spent, &notes))
}

/// What the figures belong to, in lines.
fn notes(results: &Results) -> Vec<String> {
    let mut notes = vec![
        "PHP's ranges are of another machine, where a responder that does nothing reached 5,000 to 6,800"
            .to_owned(),
    ];
    let nothing = results.find(Kind::Info.name(), crate::NOTHING);
    notes.push(
        nothing.map_or("requests/s with 0.05 ms.".to_owned(), |nothing| {
            let spent = nothing.cpu(Group::Worker).unwrap_or_default();
            let rate = nothing.rate();
            format!("requests/s with 0.05 ms; here, {rate:.0} with {spent:.3} ms.")
        }),
    );
    let least = |kind: Kind| results.find(kind.name(), crate::php::STATEMENTS);
    if Kind::ALL.into_iter().any(|kind| least(kind).is_some()) {
        notes.push(
            "The least PHP puts the PHP server's statements, in this run, and does little besides."
                .to_owned(),
        );
    }
    notes
}

fn range((least, most): Range) -> String {
    let shown = |figure: f64| match figure {
        figure if figure >= 20.0 => format!("{figure:.0}"),
        _ => format!("{figure:.2}"),
    };
    match least == most {
        true => shown(least),
        false => format!("{} to {}", shown(least), shown(most)),
    }
}

/// Bars in groups. Each group has a scale of its own: kinds of requests differ by a factor of ten.
fn chart(title: &str, names: &[&str], groups: &[Cluster], notes: &[String]) -> String {
    const WIDTH: usize = 720;
    const LEFT: usize = 130;
    const BAR: usize = 14;
    const LONGEST: f64 = 430.0;
    let mut body = String::new();
    let mut y = 34;
    let mut x = 10;
    for (number, name) in names.iter().enumerate() {
        let _ = writeln!(
            body,
            "<rect class=\"c{number}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" rx=\"2\"/>\
             <text x=\"{}\" y=\"{}\">{name}</text>",
            x + 17,
            y + 10
        );
        x += 40 + name.len() * 7;
    }
    y += 28;
    for group in groups {
        let most = group.bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
        let middle = y + group.bars.len() * (BAR + 2) / 2 + 4;
        let _ = writeln!(body, "<text x=\"10\" y=\"{middle}\">{}</text>", group.title);
        for (colour, value, shown) in &group.bars {
            let length = (value / most.max(f64::MIN_POSITIVE) * LONGEST).max(1.0);
            let _ = writeln!(
                body,
                "<rect class=\"c{colour}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"{BAR}\" rx=\"2\"/>\
                 <text x=\"{:.0}\" y=\"{}\">{shown}</text>",
                LEFT as f64 + length + 6.0,
                y + BAR - 3
            );
            y += BAR + 2;
        }
        y += 12;
    }
    for note in notes {
        y += 14;
        let _ = writeln!(body, "<text class=\"n\" x=\"10\" y=\"{y}\">{note}</text>");
    }
    y += 12;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n\
         text{{font:12px system-ui,sans-serif;fill:#24292f}}.t{{font-weight:600;font-size:14px}}.n{{font-size:10px}}\n\
         .c0{{fill:#0969da}}.c1{{fill:#b35900}}.c2{{fill:#54aeff}}.c3{{fill:#8c959f}}.c4{{fill:#d4a72c}}.c5{{fill:#bf87ff}}\n\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.c0{{fill:#58a6ff}}.c1{{fill:#f0883e}}\
         .c2{{fill:#1f6feb}}.c3{{fill:#6e7681}}.c4{{fill:#bb8009}}.c5{{fill:#8957e5}}}}\n</style>\n\
         <text class=\"t\" x=\"10\" y=\"20\">{title}</text>\n{body}</svg>\n"
    )
}
