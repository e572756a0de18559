//! Links between devices, and what a collective sends over them.

use crate::units::{Bytes, BytesPerSecond};

/// How a device reaches its neighbours. Bandwidths are what one device can send, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interconnect {
    /// The fast domain: NVLink, Infinity Fabric, ICI. `None` for devices that only have their host bus.
    pub scale_up: Option<ScaleUp>,
    /// The host bus, usually PCIe.
    pub host: Option<BytesPerSecond>,
}

/// A fast domain of directly connected devices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleUp {
    /// What one device can send to all others together, in one direction.
    pub bandwidth: BytesPerSecond,
    /// What one device can send to one other, where that is less: a mesh splits its links over all neighbours.
    pub pair: Option<BytesPerSecond>,
    /// Devices in one domain.
    pub domain: u64,
}

/// How the messages of a collective travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Every device reaches every other at once.
    Switch,
    /// From neighbour to neighbour: over the host bus, between hosts.
    Ring,
}

impl Interconnect {
    /// How `ranks` devices exchange messages: through the fast domain if it holds them all.
    ///
    /// ```
    /// # use ridgepoint_core::{BytesPerSecond, Interconnect, Topology};
    /// let l40s = Interconnect { scale_up: None, host: Some(BytesPerSecond::giga(31.5)) };
    /// assert_eq!(l40s.topology(4), Topology::Ring);
    /// ```
    pub fn topology(&self, ranks: u64) -> Topology {
        match self.scale_up {
            Some(fast) if ranks <= fast.domain => Topology::Switch,
            Some(_) | None => Topology::Ring,
        }
    }

    /// What one of `ranks` communicating devices can send: over the fast domain if it holds them all, else over the
    /// host bus. `None` where no figure is known.
    ///
    /// ```
    /// # use ridgepoint_core::{BytesPerSecond, Interconnect, ScaleUp};
    /// // MI300X: 448 GB/s to seven neighbours, 64 GB/s to each.
    /// let [one_way, pair] = [448.0, 64.0].map(BytesPerSecond::giga);
    /// let mesh = Interconnect { scale_up: Some(ScaleUp { bandwidth: one_way, pair: Some(pair), domain: 8 }), host: None };
    /// assert_eq!(mesh.bandwidth_between(2), Some(pair));
    /// assert_eq!(mesh.bandwidth_between(8), Some(one_way));
    /// ```
    pub fn bandwidth_between(&self, ranks: u64) -> Option<BytesPerSecond> {
        match self.scale_up {
            Some(fast) if ranks <= fast.domain => Some(match fast.pair {
                Some(pair) => fast.bandwidth.min(pair * ranks.saturating_sub(1).max(1) as f64),
                None => fast.bandwidth,
            }),
            Some(_) | None => self.host,
        }
    }

    /// What a device can send to its counterpart in another group of `devices` devices: over the fast domain if that holds
    /// both groups, else over the host bus, which no network card passes. `None` where no figure is known.
    ///
    /// ```
    /// # use ridgepoint_core::{BytesPerSecond, Interconnect, ScaleUp};
    /// let [fast, host] = [450.0, 63.0].map(BytesPerSecond::giga);
    /// let h100 = Interconnect { scale_up: Some(ScaleUp { bandwidth: fast, pair: None, domain: 8 }), host: Some(host) };
    /// assert_eq!(h100.bandwidth_between_groups(4), Some(fast));
    /// assert_eq!(h100.bandwidth_between_groups(8), Some(host));
    /// ```
    pub fn bandwidth_between_groups(&self, devices: u64) -> Option<BytesPerSecond> {
        match self.scale_up {
            Some(fast) if devices.saturating_mul(2) <= fast.domain => self.bandwidth_between(2),
            Some(_) | None => self.host,
        }
    }
}

/// Bytes that each of `ranks` devices sends in an all-reduce of `message` bytes, by reduce-scatter and all-gather:
/// `2 (ranks - 1) / ranks x message` (Thakur et al. 2005, section 4.4).
///
/// ```
/// # use ridgepoint_core::{all_reduce_bytes, Bytes};
/// assert_eq!(all_reduce_bytes(Bytes::new(800), 8), Bytes::new(1400));
/// assert_eq!(all_reduce_bytes(Bytes::new(800), 1), Bytes::ZERO);
/// ```
pub fn all_reduce_bytes(message: Bytes, ranks: u64) -> Bytes {
    if ranks < 2 { Bytes::ZERO } else { message.scaled(2.0 * (ranks - 1) as f64 / ranks as f64) }
}
