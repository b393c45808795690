//! Files named `.env`: lines of `NAME=value`.

/// The value of a name, of several the last. Lines may begin with `export`; values may be in quotes, single or double;
/// without them a `#` after white space begins a comment.
pub(crate) fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().rev().find_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (found, value) = line.split_once('=')?;
        (found.trim() == name).then(|| unquoted(value.trim()))
    })
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        if let Some((inner, _)) = inner {
            return inner;
        }
    }
    let comment = value.find(" #").or_else(|| value.find("\t#"));
    value[..comment.unwrap_or(value.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_as_shells_and_tools_write_them() {
        let text =
            "# A=0\nA=1\n  export B = two words # and why\nC=\"x # y\" # z\nD='q'\r\nE=\nA=a#b\nAA=3\n";
        for (name, expected) in
            [("A", "a#b"), ("B", "two words"), ("C", "x # y"), ("D", "q"), ("E", ""), ("AA", "3")]
        {
            assert_eq!(value(text, name), Some(expected), "{name}");
        }
        assert_eq!(value(text, "F"), None);
    }
}
