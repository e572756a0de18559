//! Starts the page.

fn main() {
    ridgepoint_web::mount();
}
