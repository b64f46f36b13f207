//! "Did you mean …?": the known names that an unknown one was probably meant to be.

/// The names among `known` that `unknown` probably stands for, the likeliest first; often one,
/// often none. A slip of the hand counts most, then a name that lacks its section or stands in the
/// wrong one, then a rough likeness.
pub fn nearest<'k>(unknown: &str, known: &[&'k str]) -> Vec<&'k str> {
    let unknown = unknown.to_lowercase().replace('-', "_");
    let closest = known
        .iter()
        .map(|name| (distance(&unknown, &name.to_lowercase()), *name))
        .min_by_key(|(distance, _)| *distance);
    if let Some((distance, name)) = closest
        && distance <= 2
        && distance * 2 < unknown.chars().count()
    {
        return vec![name];
    }
    let last = last_part(&unknown);
    let same_end: Vec<_> = known
        .iter()
        .copied()
        .filter(|name| last_part(name) == last)
        .collect();
    if !same_end.is_empty() {
        return same_end;
    }
    let roughly = closest.filter(|(distance, _)| distance * 3 <= unknown.chars().count());
    roughly.map(|(_, name)| name).into_iter().collect()
}

/// `; did you mean a?`, `; did you mean a or b?`, or nothing.
pub fn did_you_mean(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The number of letters to add, remove, replace or swap with their neighbour to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(left != right);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left == b[j - 1] && a[i - 1] == right {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_the_slips_of_a_hand() {
        let cases = [
            ("", "", 0),
            ("", "abc", 3),
            ("engine", "engine", 0),
            ("engin", "engine", 1),
            ("enigne", "engine", 1),
            ("kitten", "sitting", 3),
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_suggestion_is_near_or_not_made() {
        let known = [
            "storage.engine",
            "auth.engine",
            "server.listen",
            "data.dir",
            "log.level",
        ];
        let cases: [(&str, &[&str]); 8] = [
            ("storage.engin", &["storage.engine"]),
            ("Storage.Engine", &["storage.engine"]),
            ("storgae.engine", &["storage.engine"]),
            ("engine", &["storage.engine", "auth.engine"]),
            ("http.listen", &["server.listen"]),
            ("server.listening", &["server.listen"]),
            ("weather", &[]),
            ("x", &[]),
        ];
        for (unknown, expected) in cases {
            assert_eq!(nearest(unknown, &known), expected, "{unknown}");
        }
    }
}
