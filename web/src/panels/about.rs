//! What the figures mean, and what they leave out.

use leptos::prelude::*;

/// Definitions and limits, at the foot of the page.
#[component]
pub fn About() -> impl IntoView {
    view! {
        <section class="about" aria-labelledby="about-title">
            <h2 id="about-title">"What the figures mean"</h2>
            <dl>
                <div>
                    <dt>"TTFT"</dt>
                    <dd>"Time to first token: from the arrival of a request to its first output token, for one request alone."</dd>
                </div>
                <div>
                    <dt>"TPOT"</dt>
                    <dd>"Time per output token: the mean time between later tokens of one sequence. Its inverse is the speed that one user sees."</dd>
                </div>
                <div>
                    <dt>"Predicted, and at best"</dt>
                    <dd>"Predictions follow constants fitted on published measurements, four in five of which lie in the range that is given. At best is the speed of light: each operation takes the longer of its arithmetic at peak and its traffic at full bandwidth."</dd>
                </div>
                <div>
                    <dt>"Ridge point"</dt>
                    <dd>"The arithmetic intensity at which a device stops being limited by memory bandwidth and starts being limited by arithmetic."</dd>
                </div>
                <div>
                    <dt>"GiB and GB"</dt>
                    <dd>"Memory is counted in GiB of 1,073,741,824 bytes, as engines and drivers print it. Bandwidth is in decimal units, as vendors do."</dd>
                </div>
            </dl>
            <p>"Everything is computed in this page. Nothing that you enter leaves it."</p>
        </section>
    }
}
