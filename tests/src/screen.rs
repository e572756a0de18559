//! What a page is looked at on.

/// The part of a device that a page can see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screen {
    /// Width of the page's window in CSS pixels.
    pub width: u32,
    /// Height of the page's window in CSS pixels.
    pub height: u32,
    /// Device pixels per CSS pixel.
    pub pixel_ratio: f64,
    /// Whether the device is used by touch, with scroll bars that take no room.
    pub touch: bool,
    /// The colours that its owner prefers.
    pub scheme: Scheme,
}

/// What `prefers-color-scheme` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Screen {
    /// A laptop's window.
    pub const DESKTOP: Self = Self { width: 1440, height: 900, pixel_ratio: 1.0, touch: false, scheme: Scheme::Light };
    /// A phone, upright.
    pub const PHONE: Self = Self { width: 390, height: 844, pixel_ratio: 2.0, touch: true, scheme: Scheme::Light };
    /// A frame inside a documentation page.
    pub const EMBED: Self = Self { width: 720, height: 480, pixel_ratio: 1.0, touch: false, scheme: Scheme::Light };

    /// The same device, whose owner prefers dark pages.
    pub const fn dark(self) -> Self {
        Self { scheme: Scheme::Dark, ..self }
    }

    /// The same window on a display of another density.
    pub const fn at_pixel_ratio(self, pixel_ratio: f64) -> Self {
        Self { pixel_ratio, ..self }
    }
}

impl Scheme {
    /// The word that CSS has for it.
    pub const fn css(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
