//! Lists of module names in quantisation configs: names, beginnings of names, globs and regular expressions.

use core::cell::Cell;

/// Parents of the language model's layers. Under any other parent the layers are those of an encoder or of a
/// prediction module.
const PARENTS: [&str; 8] =
    ["model", "language_model", "backbone", "transformer", "text_model", "thinker", "base_model", "*"];

/// Bytes of a pattern; no published one has half as many, and matching recurses into it.
const LONGEST: usize = 256;

/// What names modules.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// A name, or the beginning of one, with `*` for anything, from `layers.` on. `layer` is the number behind that.
    Layers { layer: Option<u64>, glob: String },
    /// The same anywhere in a name.
    Anywhere(String),
    /// `re:` and an expression that matches from the beginning of a name.
    Expression(String),
    /// Modules that are not part of the language model.
    Elsewhere,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        if text.len() > LONGEST {
            return Self::Elsewhere;
        }
        if let Some(expression) = text.strip_prefix("re:") {
            return Self::Expression(expression.to_owned());
        }
        let parents = |path: &str| path.split('.').all(|part| part.is_empty() || PARENTS.contains(&part));
        match text.find("layers.").filter(|&at| at == 0 || text[..at].ends_with('.')) {
            Some(at) if parents(&text[..at]) => {
                let glob = &text[at..];
                let number =
                    glob.strip_prefix("layers.").and_then(|rest| rest.split_once('.')).map(|(number, _)| number);
                Self::Layers { layer: number.and_then(|number| number.parse().ok()), glob: glob.to_owned() }
            }
            Some(_) => Self::Elsewhere,
            None => {
                let mut rest = text;
                while let Some((first, tail)) = rest.split_once('.')
                    && PARENTS.contains(&first)
                    && first != "*"
                {
                    rest = tail;
                }
                Self::Anywhere(rest.to_owned())
            }
        }
    }

    /// Whether it can tell one layer from another.
    pub(super) fn depends_on_layer(&self) -> bool {
        match self {
            Self::Layers { .. } => true,
            Self::Expression(text) => text.bytes().any(|byte| byte.is_ascii_digit()),
            Self::Anywhere(_) | Self::Elsewhere => false,
        }
    }

    /// Whether it means the module `name` of layer `layer`: `layers.7.self_attn.q_proj`, or `lm_head` outside them.
    pub(super) fn matches(&self, layer: Option<u64>, name: &str) -> bool {
        match self {
            Self::Layers { layer: Some(wanted), .. } if layer != Some(*wanted) => false,
            Self::Layers { glob, .. } => Steps::new().glob(glob.as_bytes(), name.as_bytes()),
            Self::Anywhere(glob) => {
                let begins = name.match_indices('.').map(|(at, _)| at + 1);
                [0].into_iter().chain(begins).any(|at| Steps::new().glob(glob.as_bytes(), &name.as_bytes()[at..]))
            }
            Self::Expression(expression) => {
                let whole = format!("model.{name}");
                Steps::new().expression(expression.as_bytes(), whole.as_bytes())
            }
            Self::Elsewhere => false,
        }
    }
}

/// Steps that a match may still take: an expression can be written so that trying everything takes for ever.
struct Steps(Cell<u32>);

impl Steps {
    fn new() -> Self {
        Self(Cell::new(20_000))
    }

    /// Whether there is a step left, which is then taken.
    fn take(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether `glob` is all of `name`, or the part in front of one of its dots.
    fn glob(&self, glob: &[u8], name: &[u8]) -> bool {
        self.take()
            && match glob {
                [] => name.is_empty() || name[0] == b'.',
                [b'*', rest @ ..] => (0..=name.len()).any(|skipped| self.glob(rest, &name[skipped..])),
                [first, rest @ ..] => name.first() == Some(first) && self.glob(rest, &name[1..]),
            }
    }

    /// Whether a regular expression matches from the beginning of `text`, as Python's `re.match` has it.
    ///
    /// What quantisation configs use is understood: `.`, `\.`, `\d`, `[...]`, `(a|b)`, `*`, `+`, `?` and `$`. Anything
    /// else stands for itself.
    fn expression(&self, expression: &[u8], text: &[u8]) -> bool {
        alternatives(expression).into_iter().any(|branch| self.sequence(branch, text, &mut |_| true))
    }

    /// Matches a sequence of atoms at the beginning of `text` and hands what is left to `then`.
    fn sequence(&self, expression: &[u8], text: &[u8], then: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if !self.take() {
            return false;
        }
        let (atom, rest) = expression.split_at(atom_length(expression));
        match atom {
            [] => return then(text),
            b"$" => return text.is_empty() && self.sequence(rest, text, then),
            b"^" => return self.sequence(rest, text, then),
            _ => {}
        }
        match rest.first() {
            Some(b'*') => self.repeated(atom, text, 0, &mut |left| self.sequence(&rest[1..], left, then)),
            Some(b'+') => self.repeated(atom, text, 1, &mut |left| self.sequence(&rest[1..], left, then)),
            Some(b'?') => {
                self.atom(atom, text, &mut |left| self.sequence(&rest[1..], left, then))
                    || self.sequence(&rest[1..], text, then)
            }
            _ => self.atom(atom, text, &mut |left| self.sequence(rest, left, then)),
        }
    }

    /// An atom at least `least` times, as often as possible.
    fn repeated(&self, atom: &[u8], text: &[u8], least: usize, then: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let more = self.atom(atom, text, &mut |left| {
            // An empty repetition would go on for ever.
            left.len() < text.len() && self.repeated(atom, left, least.saturating_sub(1), then)
        });
        more || least == 0 && then(text)
    }

    fn atom(&self, atom: &[u8], text: &[u8], then: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if let [b'(', inside @ .., b')'] = atom {
            let inside = inside.strip_prefix(b"?:").unwrap_or(inside);
            return alternatives(inside).into_iter().any(|branch| self.sequence(branch, text, then));
        }
        let Some((&first, rest)) = text.split_first() else { return false };
        let holds = match atom {
            b"." => true,
            [b'[', inside @ .., b']'] => class_matches(inside, first),
            b"\\d" => first.is_ascii_digit(),
            [b'\\', escaped] => *escaped == first,
            [literal] => *literal == first,
            _ => false,
        };
        holds && then(rest)
    }
}

/// The parts of an expression between the bars that are not inside parentheses.
fn alternatives(expression: &[u8]) -> Vec<&[u8]> {
    let (mut depth, mut start, mut index) = (0, 0, 0);
    let mut parts = Vec::new();
    while index < expression.len() {
        match expression[index] {
            b'\\' => index += 1,
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'|' if depth == 0 => {
                parts.push(&expression[start..index]);
                start = index + 1;
            }
            _ => {}
        }
        index += 1;
    }
    parts.push(&expression[start..]);
    parts
}

/// Where the first atom of an expression ends: a group, a class, an escape or a character.
fn atom_length(expression: &[u8]) -> usize {
    let closing = |open: u8, close: u8| {
        let (mut depth, mut index) = (0, 0);
        while index < expression.len() {
            match expression[index] {
                b'\\' => index += 1,
                byte if byte == open && (open == b'(' || index == 0) => depth += 1,
                byte if byte == close => {
                    depth -= 1;
                    if depth == 0 {
                        return index + 1;
                    }
                }
                _ => {}
            }
            index += 1;
        }
        expression.len()
    };
    match expression.first() {
        Some(b'(') => closing(b'(', b')'),
        Some(b'[') => closing(b'[', b']'),
        Some(b'\\') => expression.len().min(2),
        Some(_) => 1,
        None => 0,
    }
}

/// Whether a character is in a class: `0-9_`, `^.`.
fn class_matches(class: &[u8], character: u8) -> bool {
    let (class, negated) = class.strip_prefix(b"^").map_or((class, false), |class| (class, true));
    let mut index = 0;
    let mut found = false;
    while index < class.len() {
        match class[index..] {
            [low, b'-', high, ..] => {
                found |= (low..=high).contains(&character);
                index += 3;
            }
            [b'\\', b'd', ..] => {
                found |= character.is_ascii_digit();
                index += 2;
            }
            [single, ..] => {
                found |= single == character;
                index += 1;
            }
            [] => break,
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_mean_the_modules_that_their_publishers_mean() {
        let matches = |pattern: &str, layer: u64, name: &str| {
            Pattern::new(pattern).matches(Some(layer), &format!("layers.{layer}.{name}"))
        };
        // From the configs of Kimi-K2.5, GLM-5.1-NVFP4, MiniMax-M2.5, gpt-oss, Gemma-4-NVFP4 and Llama-4-Scout-FP8.
        let dense = r"re:.*mlp\.(gate|up|gate_up|down)_proj.*";
        assert!(matches(dense, 0, "mlp.gate_proj"));
        assert!(!matches(dense, 0, "mlp.experts.0.gate_proj"));
        assert!(matches("re:.*mlp.gate$", 0, "mlp.gate"));
        assert!(!matches("re:.*mlp.gate$", 0, "mlp.gate_proj"));
        assert!(matches("model.layers.1.*", 1, "self_attn.q_proj"));
        assert!(!matches("model.layers.1.*", 11, "self_attn.q_proj"));
        assert!(matches("model.layers.0*", 0, "mlp.down_proj"));
        assert!(matches("model.layers.*.self_attn", 7, "self_attn.o_proj"));
        assert!(matches("language_model.model.layers.3.mlp.shared_experts*", 3, "mlp.shared_experts.up_proj"));
        assert!(!matches("mtp.layers.0*", 0, "self_attn.q_proj"));
        assert!(!matches("vision_model.model.layers.0.self_attn.k_proj", 0, "self_attn.k_proj"));
        assert!(matches("gate", 2, "mlp.gate"));
        assert!(!matches("gate", 2, "mlp.gate_proj"));
        assert!(matches("*.attn.*", 2, "attn.wq_a"));
        assert!(Pattern::new("language_model.lm_head").matches(None, "lm_head"));
        assert!(Pattern::new(r"re:.*layers\.[0-9]+\.mlp").matches(Some(12), "layers.12.mlp.up_proj"));
    }

    #[test]
    fn a_malicious_expression_ends() {
        let text = "a".repeat(24);
        assert!(!Pattern::new("re:model.(a*)*b").matches(None, &text));
        assert!(!Pattern::new(&"*a".repeat(100)).matches(None, &text));
        assert!(!Pattern::new("re:((((").matches(None, &text));
        assert!(!Pattern::new("re:[[[").matches(None, &text));
    }
}
