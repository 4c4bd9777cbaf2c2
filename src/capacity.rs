//! Machines and the pods that ask for room on them in; who has a place, who has none and why out. It reads the fields of pods as
//! the scheduler does, refuses a machine for the reasons it does, and says them in its words.

mod affinity;
mod amount;
mod fleet;
mod kept;
mod pack;
mod pod;
mod pools;
mod proof;
mod select;
mod spread;
mod state;

pub use affinity::{Affinity, Selector};
pub use amount::{Amounts, amount_of, amounts, integer, shown};
pub use fleet::Fleet;
pub use pack::{Crowd, Fit, pack};
pub use pod::{Context, Pod, labels, read};
pub use pools::{Pool, machines, pools_in, pools_of};
pub use proof::{Proof, prove};
pub use select::{Term, terms};
pub use state::{Reason, State, told};

pub use crate::network::Labels;

pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

/// One machine, as the scheduler sees it.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    pub name: String,
    pub labels: Labels,
    pub taints: Vec<Taint>,
    pub is_closed: bool,
    pub room: Amounts,
    /// Which of the pools it is of.
    pub pool: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

impl Taint {
    /// Of a machine that nobody new may come to.
    pub fn closed() -> Taint {
        let [key, effect] = ["node.kubernetes.io/unschedulable", "NoSchedule"].map(str::to_owned);
        Taint { key, effect, value: String::new() }
    }
}

impl Machine {
    pub fn zone(&self) -> Option<&str> {
        self.labels.get(ZONE).map(String::as_str)
    }
}
