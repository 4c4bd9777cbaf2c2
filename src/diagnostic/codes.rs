//! The table of codes: one row each, with the explanation that `lakegen explain-code` prints.
//!
//! L01 what cannot be read · L02 lakehouse.toml · L03 the graph · L04 schemas of kinds · L05 the catalog and its templates · L06 the output tree
//! L07 the output before · L08 metadata · L09 versions · L10 links · L12 pod security · L13 capacity and availability. Free for the families of `validate` that follow: L11 network
//! L15 PromQL · L16 dashboards · L17 secrets and images · L18 policies · L19 mesh · L20 services · L21 cloud · L22 workflows

macro_rules! codes {
    ($($name:ident = $id:literal, $family:literal, $title:literal, $explanation:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($name),* }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The stable name people search for and put into configurations.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id),* }
            }

            pub fn family(self) -> &'static str {
                match self { $(Code::$name => $family),* }
            }

            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }

            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $explanation),* }
            }
        }
    };
}

codes! {
    Syntax = "L0101", "syntax", "text that cannot be read", "\
The text is not TOML, YAML or JSON. Everything that can be read is still checked, so one run shows all there is to mend.";
    DuplicateKey = "L0102", "syntax", "a key stands twice", "\
One table has the same key twice. Kubernetes would silently take the last one; lakegen refuses both, for one of them is a mistake.";
    Unreadable = "L0103", "syntax", "a file cannot be read", "\
The file does not exist, may not be read, is not UTF-8 or is larger than the limit.";
    TooComplex = "L0104", "syntax", "a document beyond the limits", "\
Documents are limited in size, depth, number of nodes and expansion of aliases, so that no input can exhaust memory.";
    MergeKey = "L0105", "syntax", "a merge key", "\
What `<<` gives depends on the order of keys in Kubernetes' own reader and differs between readers. Write the keys out.";
    BadArgument = "L0106", "usage", "an argument that names nothing", "\
A word of the command line names a verb, a code, an output file, a value or a line that is not there.";

    Unrecognised = "L0107", "syntax", "a document that is nothing known", "\
It is neither an object of Kubernetes nor a set of rules, a dashboard or a template, as far as its first keys tell. It was not judged; --as says what it is.";
    NotRendered = "L0108", "syntax", "a document that is read, and not judged", "\
Charts and kustomizations are programs that write manifests. lakegen judges what they write: give it the output. For other documents nothing here has checks: that \
they can be read is all that is known.";

    BadException = "L0109", "syntax", "an exception without a reason or an end", "\
A finding is excepted by a code, for a reason, until a day: what nobody remembers the reason of stays for ever. Under `validate.except` in lakehouse.toml, as an \
annotation `lakegen.dev/ignore.<code>` of the object, or as a comment `# lakegen: ignore <code> <reason>` at the line.";

    NeverRead = "L0110", "syntax", "a document that its program never reads", "\
Kubernetes reads every document of a file; Prometheus and Alertmanager read the first and say nothing of the others. Give each a file of its own.";

    UnknownKey = "L0201", "config", "an unknown key", "\
No such key is known here, so it would have had no effect. `lakegen schema` prints every key there is.";
    WrongType = "L0202", "config", "a value of the wrong type", "\
The key takes another type: a number where a string stands, a table where a list is wanted.";
    BadValue = "L0203", "config", "a value out of bounds", "\
The value has the right type, and is too small, too large, not one of the choices, or of another form than the key takes.";
    WrongUnit = "L0204", "config", "a wrong unit", "\
Sizes are written as 20GB or 20GiB, durations as 5m or 30d, rates as 10GB/s, shares as 99.9%. A number without its unit, or with the unit of something else, is refused.";
    OverrideWithoutMatch = "L0205", "config", "an override that matches nothing", "\
`--set` or a [profile.<name>] table names a key that no layer below it has and no schema knows, so it would have had no effect.";
    UnknownComponent = "L0206", "config", "an unknown component", "\
No component of this name is in the catalog. Components of your own come in with --catalog; a second instance of one says which it `is`.";
    UnknownProfile = "L0207", "config", "an unknown profile", "\
A profile is a file profiles/<name>.toml of the catalog.";
    UnknownMode = "L0208", "config", "an unknown mode", "\
A mode is a folder templates/modes/<name> of the catalog.";
    BadSet = "L0209", "config", "a --set that cannot be read", "\
`--set` takes a.b=value: a path of keys, and a value that is read as TOML, else as a string.";
    MissingKey = "L0210", "config", "a key is missing", "\
The table needs this key and nothing gives it: not the file, not the profile, not a default.";
    DisabledNeeded = "L0211", "config", "a component is off that another needs", "\
The component is switched off, and a component that is on needs what it offers. Switch it on, replace it by an `external` one, or switch the other off too.";
    NothingToBuild = "L0212", "config", "nothing to build", "\
No component is on, so there is nothing to run. The output of such a lakehouse would be files that no program takes.";
    CannotStandIn = "L0213", "config", "an external service that cannot stand in", "\
With `external` a service of somebody else's takes the place of a component. That works where other components talk to \
it over a protocol that such services speak, and mostly takes a secret that opens it.";

    NeedWithoutOffer = "L0301", "graph", "a need that nothing meets", "\
A component needs an interface that no enabled component offers.";
    Cycle = "L0302", "graph", "components wait for each other", "\
Each of these workloads needs the next to be up first, so none could ever start.";
    Dangling = "L0303", "graph", "a connection to nothing", "\
A workload, need, offer or secret is named that its component does not have.";
    AmbiguousNeed = "L0304", "graph", "a need that several components meet", "\
More than one component offers what is needed. Say which with `uses.<need> = \"<component>\"`.";
    NameClash = "L0305", "graph", "two things of one name", "\
Two workloads, secrets or ports of one namespace have the same name.";
    EdgeClash = "L0306", "graph", "two components under one host name", "\
People reach a component under its edge and the domain. Two components of one edge would answer for one host name.";
    UntiedTarget = "L0307", "graph", "a promise that nothing holds", "\
What [targets] promises is worth what measures it: each target must have something that measures it, an alert and a panel. `lakegen targets` shows them.";
    LongName = "L0308", "graph", "a name that is too long", "\
A workload is reached under its name, and a name in DNS has 63 characters at most. Objects that are made for it are called by its \
name with an ending, so that 52 are left.";
    AskedElsewhere = "L0309", "graph", "something is asked of a service of somebody else's", "\
A component asks another for a database, a user or a bucket of its own, and a service of somebody else's stands in for the other: nothing \
here may make anything there. Have it made before the first start; the README of each output lists all that must be there.";

    UnknownKind = "L0401", "schema", "a kind without a schema", "\
Nothing here knows what an object of this kind must look like, so it was not judged. `--crd` brings its definition, --allow-unknown-kinds makes this a note, `lakegen schemas list` prints the kinds that are known.";
    NoKind = "L0402", "schema", "an object without its kind", "\
Every object says its apiVersion and its kind: without them the API server does not know what it is asked to make.";
    UnknownField = "L0403", "schema", "an unknown field", "\
The kind has no such field. The API server drops it in silence, or refuses it where it is asked to be strict, as kubectl does.";
    FieldType = "L0412", "schema", "a field of another type", "\
The field takes another type: a number where a string stands, a map where a list is wanted. YAML reads a value without quotes as a number or boolean where it looks like one.";
    FieldMissing = "L0404", "schema", "a field is missing", "\
The kind requires this field, and there is no default for it.";
    FieldChoice = "L0405", "schema", "a value that is none of the choices", "\
The field takes one of a few words, and they are told apart by capitals too.";
    FieldForm = "L0406", "schema", "a value of another form", "\
A quantity, a name, a time, a base64 text, or a pattern that the definition of the kind asks for.";
    FieldBound = "L0407", "schema", "a value out of bounds", "\
A number too small or too large, a text or list too short or too long.";
    FieldShape = "L0408", "schema", "fields that exclude one another, or none of those needed", "\
Of some fields one must be set, and only one: a volume is of one kind, a probe has one handler.";
    ItemTwice = "L0409", "schema", "an item twice in a list", "\
The API server takes the items of this list by their key, and refuses two of one key.";
    BadDefinition = "L0410", "schema", "a definition that cannot be used", "\
A CustomResourceDefinition whose schema means nothing; objects of its kind were not judged.";

    NotJudged = "L0411", "schema", "rules that were not evaluated", "\
The schema says more than was judged here: rules in CEL that do not compile, or a version of Kubernetes of which no schemas are here. What is told was judged, what is named here was not.";
    BrokenRule = "L0413", "schema", "a rule across fields is broken", "\
Each field is sound, and together the API server refuses them: a request above its limit, a mount without its volume, a selector that does not match the pods it is to find.";

    RuleOfDefinition = "L0414", "schema", "a rule of the kind's definition is broken", "\
The definition of the kind has a rule in CEL (x-kubernetes-validations) that does not hold for this object, or cannot be computed with it. The API server refuses the object with the same words. Rules about a change are not asked of a new object. \
Files of other programs have such rules in schemas/files, for what those programs refuse.";
    NameOfNothing = "L0415", "schema", "a name that the file does not define", "\
One part of the file names another, which is not there, as a route its receiver. The program does not take the file. schemas/files/refers.toml says which names lead where.";
    Circle = "L0417", "schema", "parts of a file that wait for one another", "\
Each of them waits until the next is up, and the last for the first: the program refuses the file, for none could ever start.";
    PartLacks = "L0418", "schema", "a part of a file that says nothing to run", "\
Docker Compose refuses a service that says neither an image nor how one is built. It may stand in a file that is read upon this one; this file is the one that is read first, and none lies \
beside it.";
    ControllerRefuses = "L0416", "schema", "an object that its controller refuses", "\
The API server takes the object, for its fields are those of the definition, and the controller that is to act on it does not: it writes into the \
status what it misses, and waits. schemas/controllers says what controllers refuse, and in schemas/recognise.toml stands of which kinds.";

    BadCatalog = "L0501", "catalog", "a catalog file of the wrong form", "\
A component, mode or profile does not follow its schema in schemas/. CONTRIBUTING.md has a recipe for each.";
    TemplateSyntax = "L0502", "catalog", "a template that cannot be compiled", "\
The template engine does not understand this line.";
    TemplateFailed = "L0503", "catalog", "a template that failed", "\
An unknown name, a filter that refused its input, or an operation on the wrong type. Unknown names are errors: nothing is ever rendered as an empty string.";
    TemplateLimit = "L0504", "catalog", "a template beyond its limits", "\
Templates run with a limit on steps, depth and size, so that a mistake cannot hang or fill the machine.";
    BadOutput = "L0505", "catalog", "a template that renders no document", "\
What the template rendered is not YAML or JSON, or not one document, or has a key twice.";
    UnescapedLanguage = "L0506", "catalog", "a value inside another language without its escape", "\
A block of text in a YAML document is a program of another language to lakegen. Put the text into a file of its own, whose name tells the language, or escape the value: {{ value | sh }}.";
    PathClash = "L0507", "catalog", "two documents for one file", "\
Two documents would be written to one path, or to paths that differ in case only, which some file systems cannot hold.";
    BadPath = "L0508", "catalog", "an output path that leaves the tree", "\
An output path is relative, and has no `..`, no empty part, no control character and no name that some system reserves.";

    NotOurs = "L0601", "tree", "a file that lakegen did not write", "\
The output folder has a file of this name that lakegen did not write. It is never overwritten unless --force says so.";
    ChangedByHand = "L0602", "tree", "a file that was changed by hand", "\
The file differs from what lakegen wrote there last. Carry the change into lakehouse.toml or a catalog of your own, or overwrite it with --force.";
    UnsafePath = "L0603", "tree", "a path that leads out of the output folder", "\
A folder on the way is a symbolic link, or something that is not a folder. lakegen follows no links in its output.";
    CannotWrite = "L0604", "tree", "the output cannot be written", "\
The disk is full, the folder is read-only, or the system refused. What was there before is still whole.";
    Differs = "L0605", "tree", "the output differs", "\
`--check` compared what would be written with what is there.";
    BadManifest = "L0606", "tree", "the ownership manifest cannot be read", "\
.lakegen/manifest.json says which files of the folder lakegen wrote, and with which content. Without it nothing there is overwritten or removed.";
    Busy = "L0607", "tree", "another lakegen writes into this folder", "\
Two builds into one folder would mix. The second one waits for the first, and gives up after a minute.";

    Lost = "L0609", "output", "a property that a mode loses", "\
A component says it, and nothing in the mode's output comes of it. Let a template of the mode write it, or say in mode.toml, under [without], why it cannot.";

    Shrinks = "L0701", "upgrade", "a volume that would shrink", "\
The output that is there asks for a larger volume. No storage shrinks: the data must move to a new one. What was deployed before may differ from what lies in the output folder; --accept L0701 says that you know.";
    Immutable = "L0702", "upgrade", "a field that cannot change", "\
Kubernetes, or an operator, reads this field once, when the object is made, and refuses a change. The object must be made anew; the finding says how its data stays. Then build with --accept L0702.";
    MajorUpgrade = "L0703", "upgrade", "another major version over the same data", "\
Another major version may not read what lies on the volumes, and after it has written, the old one may not either. Take a backup, read the program's own notes, then build with --accept L0703.";
    OtherProgram = "L0704", "upgrade", "another program over the same data", "\
Another program would start on volumes that hold the data of this one, and would not read it. Move the data first, or give the new program a component of its own; then build with --accept L0704.";
    DataLeft = "L0705", "upgrade", "data that would be left behind", "\
What keeps data here would no longer be made, or under another name: what comes instead starts empty, and nobody looks after what is left. Move the data, or take a backup and restore it; then build with --accept L0705.";

    BadName = "L0801", "metadata", "a name that the kind does not take", "\
Names become parts of addresses, paths and labels, so each kind takes only names of one form.";
    NoName = "L0802", "metadata", "an object without a name", "\
An object needs metadata.name, or metadata.generateName where the API server is to make one up.";
    BadLabel = "L0803", "metadata", "a label or annotation that cannot be", "\
Keys are a name of at most 63 letters, digits, -, _ and ., behind an optional host name and a /. The values of labels have the form of such a name; those of annotations are free, 256 KiB together.";
    NamespaceOfCluster = "L0804", "metadata", "a namespace on an object that has none", "\
Objects of this kind belong to no namespace. The API server refuses one that names one.";
    ObjectTwice = "L0805", "metadata", "an object twice", "\
Two objects of one kind, namespace and name: the one applied last silently replaces the other.";

    ApiRemoved = "L0901", "versions", "an API version that is gone", "\
The version of Kubernetes that this is for does not serve this API version any more: it refuses the object.";
    ApiDeprecated = "L0902", "versions", "an API version that will go", "\
It still works, with a warning, and a later version of Kubernetes does not serve it any more.";

    EndOfLife = "L0903", "images", "an image that nobody looks after any more", "\
The makers of the program have ended this line of versions: holes that are found from now on stay open. schemas/versions.toml has the days; --today says which day it is.";

    ReferenceToNothing = "L1001", "links", "a reference to nothing", "\
An object is named that is not there. It may be deployed already, so this is a note; where the inputs are all there is, with --complete and for what lakegen makes, it is an error. schemas/links.toml says which fields refer to what.";
    PartMissing = "L1002", "links", "an object without the part that is asked for", "\
The object is there, and has no such key, port or subset: a pod does not start without the key of a Secret, and traffic to a port that a Service does not have goes nowhere.";
    SelectsNobody = "L1003", "links", "a selector that finds nobody", "\
No pod, or no Service, has the labels that are asked for. It may be deployed already, so this is a note; where the inputs are all there is, it is an error.";
    HostLeadsNowhere = "L1004", "links", "a host name that leads nowhere", "\
An argument, a variable or a configuration names a Service by its name in DNS, and the Service has no such port, or its StatefulSet no such pod.";
    UnfitService = "L1005", "links", "a Service that does not do what it is named for", "\
A StatefulSet names the headless Service that gives its pods their names in DNS, and a Rollout the Services that it splits traffic between. The one that \
is named does not find the pods, or has an address of its own (`clusterIP: None` takes it away), so nobody reaches what is meant.";

    ChoosesNobody = "L1101", "network", "a policy that chooses no pod", "\
No pod of the namespace has the labels that the policy asks for, so it changes nothing. Often a label is misspelt, or the pods were renamed.";
    UnknownPort = "L1102", "network", "a policy that names a port nobody has", "\
A port by its name is the port of that name, and of that protocol, of the pods that are reached. None of them has one, so this part of the rule lets nothing through.";
    OneSided = "L1103", "network", "a connection that only one end allows", "\
A connection passes where the policies of both ends let it: the rule of one end opens it, and what the other end may do leaves it closed. The rule lets nothing through.";
    BlockedFlow = "L1104", "network", "a connection that is needed, and blocked", "\
The platform's own policies would not let through what one workload needs of another.";
    OpenFlow = "L1105", "network", "a connection that nobody needs, and that is open", "\
The platform's own policies let through more than its components say they need. Whoever gets into one workload gets on to the next.";

    PodRefused = "L1201", "pod-security", "a pod that its namespace refuses", "\
The namespace enforces a level of the Pod Security Standards, and the pod does what that level forbids: the API server makes no such pod, and a workload stays without its pods. Change the pod, or lower the level that the namespace enforces.";
    PodWarned = "L1202", "pod-security", "a pod that its namespace warns of", "\
The namespace warns of, or writes down, what a level of the Pod Security Standards forbids. The pod is made, and would not be if that level were enforced.";

    NoMachine = "L1301", "capacity", "a pod that fits on no machine", "\
No machine of those that were told of takes this pod, even with nothing else on it but what every machine has. The scheduler would leave it pending for these reasons, one of each machine.";
    NoRoom = "L1302", "capacity", "pods that do not all find room", "\
Each has a place by itself, and all together have none, however they are placed: their requests exceed the machines, or a constraint keeps them apart.";
    NoPlacement = "L1303", "capacity", "pods for which no placement was found", "\
To fill machines in the best way is hard: no placement was found in several tries, and there is no proof that there is none. What the scheduler does first may leave pods pending.";
    NoSurge = "L1304", "capacity", "no room for a new version", "\
While a new version comes, pods of the old one stay until new ones are ready. Where there is no room for these the new version waits, or takes the room of pods with a lower priority.";
    LossStops = "L1305", "capacity", "the loss of a machine or of a zone that stops something", "\
Without these machines the pods that are left do not all find room, or the loss takes more pods of one kind than it can spare.";
    OverQuota = "L1306", "capacity", "more than the quota of a namespace", "\
The pods of the namespace ask for more than its ResourceQuota has: the API server refuses those that come last.";

    BlocksDrain = "L1351", "availability", "a budget that blocks every drain", "\
The budget lets no pod go, as long as all of them are well. Who empties a machine, to update or to remove it, waits until somebody deletes the pod by hand.";
    TwoBudgets = "L1352", "availability", "a pod with two budgets", "\
The API server refuses to evict a pod that more than one PodDisruptionBudget chooses, whatever they allow.";

    BadProbe = "L1353", "availability", "a probe of a port that its container does not have", "\
A probe may name a port of its own container. The kubelet finds none of this name, and the probe never succeeds: the container is not ready, or is started again and again.";

    BadQuery = "L1501", "promql", "a query that Prometheus refuses", "\
The expression cannot be read, or its types do not fit: rate() wants a range as in `up[5m]`, two numbers are compared with `bool`. Prometheus does not load a file with such a rule; a panel with such a query shows an error.";

    AlwaysFires = "L1502", "promql", "an alert that always fires", "\
Its query gives something as long as its series are there, whatever their values: it compares nothing, or with `bool`, or a part of it gives a number always. An alert \
that is meant to fire always, to be missed when it does not, is vector(1).";
    AlertTemplate = "L1503", "promql", "a template of an alert that says nothing", "\
It asks for a variable or function that templates do not have, for which Prometheus does not load the file; or for a label that the query's result does not have, since an \
aggregation took it away. The value in a label makes a new alert with every value.";
    QueryPattern = "L1504", "promql", "a pattern that is none", "\
A pattern is held against the whole value of a label. One that stands for everything, or for one text alone, costs time and hides what is meant.";
    QuerySpoilt = "L1505", "promql", "a sum that one division spoils", "\
What is divided by 0 is no number, and a sum over one such series is none either: compare what you divide by with 0, or divide the sums.";
    QueryFragile = "L1506", "promql", "an alert on series that come and go", "\
topk() and bottomk() choose other series with each evaluation, so that alerts begin and end without a reason.";

    PanelType = "L1601", "dashboards", "a panel of a type that Grafana does not have", "\
Panels that were written with AngularJS are gone since Grafana 12: those it knows are turned into new ones as they are loaded, which is often not what was drawn. Other \
types come with plugins.";
    PanelTwice = "L1602", "dashboards", "two of one id, or one over another", "\
Links, repeats and alerts find a panel by its id, and Grafana a query by its refId: of two with one id one is lost. Panels that lie over one another are moved as the \
dashboard is loaded.";
    PanelSource = "L1603", "dashboards", "a datasource that may not be there", "\
A datasource by its own name or uid exists in one Grafana and not in the next; a variable of type datasource lets who looks choose. One that no variable defines is nothing.";
    PanelAsksNothing = "L1604", "dashboards", "a panel without a query", "\
Panels of this type draw what their queries give, and this one has none.";
    PanelUntold = "L1605", "dashboards", "a panel without a title or description", "\
Who is called at night reads the title first, and then what the description says about what is wrong where the line goes up.";
    PanelUnit = "L1606", "dashboards", "a panel without a unit", "\
Without a unit, or with one that Grafana does not know, nobody can tell bytes from bits or seconds from milliseconds. A number of things has `short` or `none`.";
    PanelQuery = "L1607", "dashboards", "a query of a dashboard that cannot be answered", "\
With its variables filled in, the query is refused by Prometheus, or gives ranges where a panel draws numbers, or leads to a panel that is not there.";
    PanelCounter = "L1608", "dashboards", "the plain value of a counter", "\
A counter only grows until its program is started again: what it shows depends on when that was. rate() or increase() show what happens.";
    PanelRange = "L1609", "dashboards", "a rate over a range that does not follow", "\
$__rate_interval is as long as the panel's resolution and the interval of the scrapes ask for. A fixed range hides what happened between two points when zoomed out, \
and shows nothing when it is shorter than two scrapes.";
    PanelVariable = "L1610", "dashboards", "a variable that is not defined", "\
Grafana leaves a variable that it does not know as it stands, so that the query asks for what is nowhere.";

    PlaintextSecret = "L1701", "secrets", "a secret in plain text", "\
Variables, arguments and ConfigMaps are read by everybody who may look at the object, and by every copy of the repository. Keep the value in a Secret, or in a store that makes one, and refer to it.";

    BadExpression = "L1801", "policy", "an expression that does not compile", "\
The expression of CEL has a mistake in its form or its types, and the API server would refuse what it stands in. `lakegen cel` tries one out.";
    FailingExpression = "L1802", "policy", "an expression that cannot be computed", "\
The expression is well formed, and fails with these values: a key that is not there, a division by zero, a text that is no number. The API server would refuse the request, unless the policy's failurePolicy is Ignore.";
    PolicyDenies = "L1803", "policy", "a policy speaks against the object", "\
A ValidatingAdmissionPolicy does not let the object in, warns of it, or writes it down, as its binding says. `lakegen policy list` prints the policies that come with lakegen.";
    PolicyFails = "L1804", "policy", "a policy that cannot be decided", "\
An expression of the policy does not compile, or cannot be computed with this object, or the params that its binding names are not there. The API server refuses the object then, unless the policy's failurePolicy is Ignore.";
    PolicyTypes = "L1805", "policy", "an expression that does not fit what its policy is about", "\
A kind that the policy matches has no such field, or one of another type. The API server takes the policy, and notes this in its status; with an object of that kind the expression fails.";
    BadSample = "L1806", "policy", "a sample that is not decided as its name says", "\
Beside each policy lie samples: pass-….yaml must be let in, fail-….yaml denied. The last object of a sample is the one that is asked about; its Namespace and params may stand before it. A first line `# denied: …` is a part of the message that the denial must have.";

    MeshHost = "L1901", "mesh", "a host that the mesh does not know", "\
A route or a rule leads to a host that is no Service and no ServiceEntry, or one that is not exported to who asks: requests to it are refused with 503. Short names are completed \
with the namespace of the object that says them, and `name.namespace` with nothing: what ends with the domain is whole.";
    MeshPort = "L1902", "mesh", "a port that the host of a route does not have", "\
The Service or ServiceEntry has no such port, so the proxy knows no way to it. Where a host has several and a route names none, the port that was asked for is taken, if there is one.";
    MeshSubset = "L1903", "mesh", "a subset that is not there, or chooses no pod", "\
A subset stands in a DestinationRule of the same host and chooses pods of its Service by their labels. Requests to one that is not there, or that has no pod, are refused with 503.";
    MeshGateway = "L1904", "mesh", "a route on a gateway that does not take it", "\
A route is bound to a Gateway that is not there, that is made by the mesh itself, or of which no server or listener takes its hosts from its namespace: no request from outside comes to it.";
    MeshGatewayPort = "L1905", "mesh", "a port of a gateway that no Service opens", "\
A server listens on a port of the gateway's pods, and no Service that selects them has that port or leads to it, so nobody reaches it.";
    MeshNobody = "L1906", "mesh", "an object of the mesh that chooses nobody", "\
No pod has the labels, or nothing is in the namespaces, that it names, so it changes nothing: often a label is misspelt. Others may stand beside what was given, so this is a note \
where nothing is known of the namespace, and an error where the inputs are all there is.";
    MeshTwice = "L1907", "mesh", "two objects of the mesh that exclude each other", "\
Two routes of one host, two Gateways of one host and port, two Sidecars or Telemetries of one pod, two protocols on one port of a host: the mesh takes one of them, mostly the older, and leaves the other out without a word.";
    MeshUnreached = "L1908", "mesh", "a route that is never reached", "\
Routes are tried in their order, and everything that this one is for has been taken by one before it.";
    MeshCredential = "L1909", "mesh", "a certificate that a gateway cannot use", "\
A server with TLS reads its certificate and key from a Secret in the namespace of the gateway's pods: under tls.crt and tls.key, or cert and key. Without it, the port answers nobody.";
    MeshSharedCertificate = "L1910", "mesh", "one certificate on several gateways of the same pods", "\
A browser that has a connection for one host uses it for all that the certificate is for. Where these stand in another Gateway, it is answered with 404. Put all hosts of a certificate into one server.";
    MeshInjection = "L1911", "mesh", "a namespace or pod that asks the mesh for two things", "\
Labels say how pods come into the mesh: by a proxy beside each, by one of a revision, or by the machine. Two of them on one namespace exclude each other, and the older label wins or none does.";
    MeshProtocol = "L1912", "mesh", "a port whose protocol the mesh takes for another", "\
The proxy learns a port's protocol of its name (http-web) or appProtocol. One pod behind two Services that say two protocols for one port is served by either of them.";
    MeshFilter = "L1913", "mesh", "a patch that may not be applied", "\
An EnvoyFilter changes the configuration of proxies as it is at that moment. Some operations do nothing for some parts, and those that put something before or after another depend on its being there.";
    MeshAddress = "L1914", "mesh", "a ServiceEntry that takes the traffic of others", "\
A port that speaks TCP is known by its address alone. Without any, the proxy takes everything that leaves on this port for this host.";
    MeshDeprecated = "L1915", "mesh", "a field that the mesh gives up", "\
The field still works, and a later version of the mesh does not read it any more.";
    MeshUser = "L1916", "mesh", "a program that runs as the mesh's proxy", "\
What user 1337 sends is the proxy's own and goes past it: the program is outside of the mesh, without its rules and certificates.";
    MeshWebhook = "L1917", "mesh", "a webhook of the mesh that does not work", "\
The API server asks it for every pod, or every object of the mesh. Where nobody answers, pods are not made, or made without a proxy; where two ask for the same, a pod gets two.";
    MeshTls = "L1918", "mesh", "two ends that do not agree on TLS", "\
A DestinationRule says how requests to a host are sent, a PeerAuthentication how pods take them. Plain text to pods that take only TLS of the mesh is refused, and so is the other way round.";
    MeshClaims = "L1919", "mesh", "a route by claims that nobody has checked", "\
Claims of a token are known only where a RequestAuthentication checks it, on the gateway's own pods. Without one, such a route is never taken.";
    MeshIneffective = "L1920", "mesh", "an object of the mesh without effect", "\
It is well formed, and nothing reads it where it stands: a Sidecar in a namespace without proxies, a selector on a Gateway of the Gateway API, which wants targetRefs, rules of a host that traffic from a gateway does not meet.";
    MeshAnnotation = "L1921", "mesh", "an annotation that the mesh does not read", "\
The mesh knows no such annotation, or not on this kind of object, or not with this value: it has no effect.";

    CloudReference = "L2101", "cloud", "a reference to nothing in a template", "\
Ref, GetAtt, Sub and DependsOn name a resource or a parameter of the same template, and this one has none of that name: CloudFormation does not take it.";
    CloudCircle = "L2102", "cloud", "resources that wait for each other", "\
A resource is made when all that it refers to are there. These refer to each other, so none can be first.";
    CloudField = "L2103", "cloud", "a value that the cloud does not take", "\
The cloud, or the program that asks it, refuses this, or does something else than is said: sizes that contradict each other, names twice, words that are not known. schemas/cloud.toml has the rules.";
    CloudVersion = "L2104", "versions", "a version of Kubernetes that the cloud gives up", "\
The cloud makes clusters of a version for some fourteen months at its usual price, and for a year more at a higher one; after that it makes none. schemas/cloud.toml has the days; --today says which day it is.";

    WorkflowName = "L2201", "workflow", "an expression that names nothing", "\
An expression in ${{ }} names a context, a function, a step or a job that is not there. Its value is empty, or the workflow is refused.";
    WorkflowTime = "L2202", "workflow", "a time that is none", "\
A schedule is five fields: minute, hour, day of the month, month, day of the week. The workflow is refused with others.";
    WorkflowTwice = "L2203", "workflow", "two steps of one name", "\
What another step reads of an id must be of one step: a job with two of them is refused.";
    WorkflowInjection = "L2204", "workflow", "a script that others write", "\
An expression is put into a script before a shell reads it. Titles, bodies, names of branches and messages are written by anybody, and what stands in them is run, with the workflow's rights.";
    WorkflowMoves = "L2205", "workflow", "an action that may change", "\
Who owns an action moves its tags and branches at will. A commit stays what it is.";
    WorkflowAction = "L2206", "workflow", "an action that cannot be found", "\
An action is named by its repository and a version, by a folder of this repository, or by an image.";

    ImageGone = "L2301", "images", "an image that is gone", "\
The registry has it no more under this name, or it is frozen and gets no fixes. A machine that does not hold it yet cannot start the pod.";
    ImageNotPinned = "L2302", "images", "an image that may change", "\
The tag latest, or none, is another image tomorrow: pods of one workload differ, and a restart is an upgrade that nobody asked for.";
}

impl Code {
    pub fn parse(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}
