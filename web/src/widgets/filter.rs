//! Finding choices by a few typed words.

use ridgepoint_calculator::options::Group;

/// A choice of a grouped list, ready to be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The group, by index.
    pub group: usize,
    /// What the choice stands for.
    pub id: String,
    /// What is shown.
    pub name: String,
    /// What is shown beside it.
    pub detail: String,
    words: String,
}

impl Entry {
    /// All choices of all groups, in order.
    pub fn all(groups: &[Group]) -> Vec<Self> {
        let choices = groups.iter().enumerate().flat_map(|(group, list)| {
            list.choices.iter().map(move |choice| Self {
                group,
                id: choice.id.clone(),
                name: choice.name.clone(),
                detail: choice.detail.clone(),
                words: format!("{} {} {} {} {}", choice.name, choice.detail, choice.id, choice.keywords, list.label)
                    .to_ascii_lowercase(),
            })
        });
        choices.collect()
    }
}

/// The choices in which every typed word is found, by index.
pub fn matching(entries: &[Entry], typed: &str) -> Vec<usize> {
    let words = words_of(typed);
    let is_match = |entry: &Entry| words.iter().all(|word| starts(&entry.words, word).next().is_some());
    entries.iter().enumerate().filter(|(_, entry)| is_match(entry)).map(|(index, _)| index).collect()
}

/// A name cut where typed words begin and end; every second piece matches one.
pub fn split_at_matches<'a>(name: &'a str, typed: &str) -> Vec<&'a str> {
    let lower = name.to_ascii_lowercase();
    // Lower case may have another length, and then positions in it mean nothing.
    if lower.len() != name.len() {
        return vec![name];
    }
    let mut is_matched = vec![false; name.len()];
    for word in words_of(typed) {
        for start in starts(&lower, &word) {
            is_matched[start..start + word.len()].fill(true);
        }
    }
    let mut pieces = Vec::new();
    let (mut start, mut state) = (0, false);
    for (index, matched) in is_matched.iter().enumerate() {
        if *matched != state {
            pieces.push(name.get(start..index).unwrap_or_default());
            (start, state) = (index, *matched);
        }
    }
    pieces.push(name.get(start..).unwrap_or_default());
    pieces
}

/// Where a word begins in a text. The search of the standard library is made for books, and as long as one.
fn starts(text: &str, word: &str) -> impl Iterator<Item = usize> {
    let parts = text.as_bytes().windows(word.len().max(1)).enumerate();
    parts.filter(move |(_, part)| *part == word.as_bytes()).map(|(start, _)| start)
}

fn words_of(typed: &str) -> Vec<String> {
    typed.to_ascii_lowercase().split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ridgepoint_calculator::options::Choice;

    fn entries() -> Vec<Entry> {
        let choice = |id: &str, name: &str, detail: &str, keywords: &str| Choice {
            id: id.into(),
            name: name.into(),
            detail: detail.into(),
            keywords: keywords.into(),
        };
        Entry::all(&[
            Group { label: "Meta".into(), choices: vec![choice("llama-3.1-8b", "Llama 3.1 8B", "8.0 B", "dense gqa")] },
            Group { label: "Qwen".into(), choices: vec![choice("qwen3-8b", "Qwen3 8B", "8.2 B", "dense gqa")] },
        ])
    }

    #[test]
    fn every_word_must_be_found_somewhere() {
        assert_eq!(matching(&entries(), "8b DENSE"), [0, 1]);
        assert_eq!(matching(&entries(), "meta gqa"), [0]);
        assert!(matching(&entries(), "meta qwen").is_empty());
        assert_eq!(matching(&entries(), ""), [0, 1]);
    }

    #[test]
    fn matches_are_every_second_piece() {
        assert_eq!(split_at_matches("Llama 3.1 8B", "8b lla"), ["", "Lla", "ma 3.1 ", "8B"]);
        assert_eq!(split_at_matches("Llama", "x"), ["Llama"]);
    }
}
