//! What is known of a device.
//!
//! Conventions:
//!
//! - Peaks are dense: data sheets that assume sparsity are halved. A multiply-add is two operations. 16-bit and fp8
//!   peaks accumulate in 32 bit where the vendor distinguishes. Parts without matrix units have their vector rate.
//! - Bandwidths are theoretical and decimal: 1 GB/s is 10^9 B/s. Links are counted in one direction.
//! - Vendors write "80 GB" of memory and fit 80 GiB; the table holds what is fitted.
//! - A figure describes what is sold as one piece: an MI250X is one device here and two to software.
//! - A figure that nobody publishes is `None`; whoever needs it supplies it ([`Supplied`]).

use core::fmt;

use ridgepoint_core::{Accelerator, Bytes, BytesPerSecond, Interconnect, Peaks, ScaleUp, packed_enum, packed_struct};

/// A GPU, TPU, NPU or CPU as its vendor sells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Stable name for links and commands: `h100-sxm-80gb`.
    pub id: &'static str,
    /// The vendor's name for it.
    pub name: &'static str,
    /// Other names that `find_device` knows.
    pub aliases: Vec<&'static str>,
    /// Who makes it.
    pub vendor: &'static str,
    /// What kind of device it is.
    pub class: DeviceClass,
    /// The vendor's name for the generation: Hopper, CDNA3.
    pub architecture: &'static str,
    /// Year of launch.
    pub year: u16,
    /// What it stores, and how fast.
    pub memory: Memory,
    /// Peak dense arithmetic.
    pub peaks: Peaks,
    /// The fast link to its neighbours.
    pub scale_up: Option<ScaleUpLink>,
    /// The link to its host. `None` for what is its own host, and where it is not known.
    pub host_link: Option<HostLink>,
    /// Thermal design power in watts.
    pub tdp_watts: Option<f64>,
    /// What it costs to rent. `None` where no dated quote is known.
    pub price: Option<Price>,
    /// How well the figures are supported.
    pub confidence: Confidence,
    /// Keys for `citation`, those behind most figures first.
    pub sources: Vec<&'static str>,
    /// What a reader of these figures should know besides.
    pub note: Option<&'static str>,
}

/// What kind of device it is: who buys it and where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum DeviceClass {
    DatacenterGpu,
    WorkstationGpu,
    ConsumerGpu,
    LaptopGpu,
    AppleSilicon,
    AiAccelerator,
    Tpu,
    Edge,
    Cpu,
}

impl DeviceClass {
    /// Every class, in the order of listings.
    pub const ALL: [Self; 9] = [
        Self::DatacenterGpu,
        Self::WorkstationGpu,
        Self::ConsumerGpu,
        Self::LaptopGpu,
        Self::AppleSilicon,
        Self::AiAccelerator,
        Self::Tpu,
        Self::Edge,
        Self::Cpu,
    ];

    /// Name of the class for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DatacenterGpu => "Datacenter GPU",
            Self::WorkstationGpu => "Workstation GPU",
            Self::ConsumerGpu => "Consumer GPU",
            Self::LaptopGpu => "Laptop GPU",
            Self::AppleSilicon => "Apple silicon",
            Self::AiAccelerator => "AI accelerator",
            Self::Tpu => "TPU",
            Self::Edge => "Edge device",
            Self::Cpu => "CPU",
        }
    }

    /// How much memory programs get on a device of this class when nobody has read it from a driver.
    const fn usable_rule(self) -> UsableRule {
        match self {
            Self::AppleSilicon => UsableRule::MetalWorkingSet,
            Self::Cpu => UsableRule::AllOfIt,
            Self::DatacenterGpu
            | Self::WorkstationGpu
            | Self::ConsumerGpu
            | Self::LaptopGpu
            | Self::AiAccelerator
            | Self::Tpu
            | Self::Edge => UsableRule::LessDriverReserve,
        }
    }
}

/// The memory that holds weights and cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Technology: HBM3, GDDR6X; for CPUs the DIMMs behind the bandwidth.
    pub kind: Option<&'static str>,
    /// Whether CPU and accelerator share this very memory.
    pub unified: bool,
    /// What is fitted, in the largest version. `None` where the buyer decides: CPUs.
    pub nominal: Option<Bytes>,
    /// Sizes on sale, where there are several.
    pub options: Vec<Bytes>,
    /// What programs can have of the nominal size, where somebody has read or documented it.
    pub(crate) reading: Option<(Bytes, UsableSource)>,
    /// Peak bandwidth.
    pub bandwidth: Option<BytesPerSecond>,
}

/// Where a figure for usable memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsableSource {
    /// Read from the driver of such a device, before any program took memory.
    Driver,
    /// The capacity in the vendor's documentation; the runtime keeps some of it.
    Documented,
    /// Assumed.
    Rule(UsableRule),
}

/// How usable memory is assumed where nobody has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsableRule {
    /// 97 % of what is fitted. The driver readings in this catalogue lie between 93 % (ECC in GDDR6, B300) and 100 %.
    LessDriverReserve,
    /// What macOS lets the GPU have by default: two thirds up to 36 GiB, three quarters above.
    ///
    /// `recommendedMaxWorkingSetSize` in llama.cpp's logs: 10,923 of 16,384 MiB, 21,845 of 32,768 MiB and 73,728 of
    /// 98,304 MiB. Recent macOS gives about 78 %, and `iogpu.wired_limit_mb` sets it at will.
    MetalWorkingSet,
    /// All of it: what the operating system and other programs take is not the device's doing.
    AllOfIt,
}

impl UsableRule {
    /// Usable memory on a device with `nominal` memory.
    ///
    /// ```
    /// # use ridgepoint_catalog::UsableRule;
    /// # use ridgepoint_core::Bytes;
    /// assert_eq!(UsableRule::MetalWorkingSet.usable(Bytes::gib(96)), Bytes::mib(73_728));
    /// ```
    pub fn usable(self, nominal: Bytes) -> Bytes {
        match self {
            Self::LessDriverReserve => nominal.scaled(0.97),
            Self::MetalWorkingSet => nominal.scaled(if nominal <= Bytes::gib(36) { 2.0 / 3.0 } else { 0.75 }),
            Self::AllOfIt => nominal,
        }
    }
}

/// A link between devices of one fast domain: NVLink, Infinity Fabric, ICI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleUpLink {
    /// The vendor's name for it.
    pub technology: &'static str,
    /// What one device can send to all others together.
    pub one_way: Option<BytesPerSecond>,
    /// What one device can send to one other: less than `one_way` where devices form a mesh instead of sharing a switch.
    pub pair_one_way: Option<BytesPerSecond>,
    /// Devices in one domain.
    pub domain: Option<u64>,
    /// Whether it is a bridge or switch that many owners do not have.
    pub optional: bool,
}

/// The link between a device and its host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HostLink {
    /// PCI Express.
    Pcie {
        /// Speed of a lane.
        generation: PcieGeneration,
        /// Lanes of the device.
        lanes: u8,
    },
    /// NVIDIA's coherent link between a Grace or Vera CPU and its GPUs.
    NvlinkC2c {
        /// Bandwidth in one direction.
        one_way: BytesPerSecond,
    },
}

/// Generations of PCI Express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum PcieGeneration {
    Gen3,
    Gen4,
    Gen5,
    Gen6,
}

impl HostLink {
    /// Bandwidth in one direction. PCI Express: transfers after line coding, before packet headers.
    ///
    /// ```
    /// # use ridgepoint_catalog::{HostLink, PcieGeneration};
    /// // 32 GT/s on each of 16 lanes, 128 of 130 bits are data: 63 GB/s.
    /// let link = HostLink::Pcie { generation: PcieGeneration::Gen5, lanes: 16 };
    /// assert_eq!(link.bandwidth().get(), 63e9);
    /// ```
    pub fn bandwidth(self) -> BytesPerSecond {
        match self {
            Self::Pcie { generation, lanes } => {
                let sixteen_lanes = match generation {
                    PcieGeneration::Gen3 => 15.75,
                    PcieGeneration::Gen4 => 31.5,
                    PcieGeneration::Gen5 => 63.0,
                    PcieGeneration::Gen6 => 121.0,
                };
                BytesPerSecond::giga(sixteen_lanes * f64::from(lanes) / 16.0)
            }
            Self::NvlinkC2c { one_way } => one_way,
        }
    }
}

impl fmt::Display for HostLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pcie { generation, lanes } => {
                let generation = match generation {
                    PcieGeneration::Gen3 => "3.0",
                    PcieGeneration::Gen4 => "4.0",
                    PcieGeneration::Gen5 => "5.0",
                    PcieGeneration::Gen6 => "6.0",
                };
                write!(f, "PCIe {generation} x{lanes}")
            }
            Self::NvlinkC2c { .. } => f.write_str("NVLink-C2C"),
        }
    }
}

/// What was asked for an hour of a device, on demand, in US dollars. Prices change: the date belongs to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// The lowest quote.
    pub low: f64,
    /// The highest quote.
    pub high: f64,
    /// When the quotes were read: 2026-09-18, or 2026-05 where only the month is known.
    pub date: &'static str,
    /// Key for `citation`.
    pub source: &'static str,
}

impl Price {
    /// Halfway between the lowest and the highest quote.
    pub fn middle(self) -> f64 {
        (self.low + self.high) / 2.0
    }
}

/// How well the figures of a device are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Announced, reported by the press or estimated.
    Low,
    /// Less than high.
    Medium,
    /// Memory, bandwidth and the matrix peak each rest on two sources or on one document of the vendor.
    High,
}

/// Figures that a person puts in the place of the catalogue's, or adds where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Supplied {
    /// Memory fitted.
    pub memory: Option<Bytes>,
    /// Peak bandwidth of the memory.
    pub bandwidth: Option<BytesPerSecond>,
}

/// A figure that the catalogue lacks and nothing can be computed without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The memory size: a CPU has what its owner fitted.
    Memory,
    /// The memory bandwidth: not published, or published in contradiction.
    Bandwidth,
}

impl Device {
    /// The device as the arithmetic sees it, with `supplied` figures in place of the catalogue's.
    ///
    /// ```
    /// # use ridgepoint_catalog::{find_device, Missing, Supplied};
    /// # use ridgepoint_core::Bytes;
    /// let h100 = find_device("h100").expect("an alias").accelerator(Supplied::default()).expect("all is known");
    /// assert_eq!(h100.usable_memory, Bytes::mib(81_559));
    ///
    /// let epyc = find_device("epyc-9755").expect("an id");
    /// assert_eq!(epyc.accelerator(Supplied::default()), Err(Missing::Memory));
    /// assert!(epyc.accelerator(Supplied { memory: Some(Bytes::gib(768)), bandwidth: None }).is_ok());
    /// ```
    pub fn accelerator(&self, supplied: Supplied) -> Result<Accelerator, Missing> {
        let nominal = supplied.memory.or(self.memory.nominal).ok_or(Missing::Memory)?;
        let bandwidth = supplied.bandwidth.or(self.memory.bandwidth).ok_or(Missing::Bandwidth)?;
        let (usable, _) = self.usable_memory(nominal);
        Ok(Accelerator {
            nominal_memory: nominal,
            usable_memory: usable,
            bandwidth,
            peaks: self.peaks,
            interconnect: self.interconnect(),
        })
    }

    /// What programs can have when `nominal` memory is fitted, and how that is known. A reading counts for the size
    /// that it was made on; any other size follows the rule of the class.
    pub fn usable_memory(&self, nominal: Bytes) -> (Bytes, UsableSource) {
        match self.memory.reading {
            Some(reading) if self.memory.nominal == Some(nominal) => reading,
            Some(_) | None => {
                let rule = self.class.usable_rule();
                (rule.usable(nominal), UsableSource::Rule(rule))
            }
        }
    }

    /// The links whose bandwidth is known. Optional bridges count as fitted.
    pub fn interconnect(&self) -> Interconnect {
        let scale_up = self
            .scale_up
            .and_then(|link| Some(ScaleUp { bandwidth: link.one_way?, pair: link.pair_one_way, domain: link.domain? }));
        Interconnect { scale_up, host: self.host_link.map(HostLink::bandwidth) }
    }
}

packed_struct! {
    static Device {
        id,
        name,
        aliases,
        vendor,
        class,
        architecture,
        year,
        memory,
        peaks,
        scale_up,
        host_link,
        tdp_watts,
        price,
        confidence,
        sources,
        note,
    }
}
packed_struct! { static Memory { kind, unified, nominal, options, reading, bandwidth } }
packed_struct! { static ScaleUpLink { technology, one_way, pair_one_way, domain, optional } }
packed_struct! { static Price { low, high, date, source } }
packed_enum! { DeviceClass {
    0 DatacenterGpu,
    1 WorkstationGpu,
    2 ConsumerGpu,
    3 LaptopGpu,
    4 AppleSilicon,
    5 AiAccelerator,
    6 Tpu,
    7 Edge,
    8 Cpu,
} }
packed_enum! { UsableSource { 0 Driver, 1 Documented, 2 Rule(rule) } }
packed_enum! { UsableRule { 0 LessDriverReserve, 1 MetalWorkingSet, 2 AllOfIt } }
packed_enum! { HostLink { 0 Pcie { generation, lanes }, 1 NvlinkC2c { one_way } } }
packed_enum! { PcieGeneration { 0 Gen3, 1 Gen4, 2 Gen5, 3 Gen6 } }
packed_enum! { Confidence { 0 Low, 1 Medium, 2 High } }
