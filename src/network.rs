//! Who may talk to whom: pods and policies of the network in, the traffic that passes between all workloads and the outside out.
//!
//! NetworkPolicy, and the policies of the cluster around it: ClusterNetworkPolicy with its elders AdminNetworkPolicy and
//! BaselineAdminNetworkPolicy. Addresses are cut where a block begins or ends, ports are intervals: the answer is exact, not a
//! sample. What a machine itself sends to its pods always passes, and is not in it.

mod addresses;
mod decide;
mod facts;
mod picture;
mod policy;
mod ports;
mod selector;

pub use addresses::Range;
pub use decide::{Known, Network, Why};
pub use facts::{Facts, Pod, Port as ContainerPort, Seen};
pub use picture::{Connection, Ends, connections, mermaid, strangers, text, to_json};
pub use policy::{Action, At, Namespaces, Peer, Pods, Policy, Port, Rule, Tier, Way};
pub use ports::{Protocol, Traffic};
pub use selector::{Labels, Selector, fewest};
