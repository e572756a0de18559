//! What the figures mean, and what they leave out.

use crate::element::{El, el};

/// Definitions and limits, at the foot of the page. Their words never change, and stand in `index.html`.
pub fn about() -> El {
    el("footer").template("about")
}
