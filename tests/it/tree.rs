//! The output tree under everything that can go wrong: kills, full disks, other people's files, links, two builds at once.
#![allow(clippy::disallowed_methods, reason = "what is really on the disk is what these tests are about")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests, and one measures")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use lakegen::diagnostic::{Code, Diagnostics};
use lakegen::host::{self, Content, Date, Disk, Faults, Host, Memory};
use lakegen::tree::{self, File, Overwrite, Summary, Tree, unified};

type Texts = BTreeMap<String, String>;
const OUT: &str = "/out";

fn tree(files: &[(&str, &str)]) -> Tree {
    let file = |(path, text): &(&str, &str)| File { path: path.to_string(), bytes: text.as_bytes().to_vec(), executable: false };
    Tree::new(files.iter().map(file).collect(), &mut Diagnostics::default()).expect("the paths are good")
}

/// Writes; gives the summary, or the codes and messages of what was reported.
fn write(host: &dyn Host, root: impl AsRef<Path>, tree: &Tree, overwrite: Overwrite) -> Result<Summary, Vec<String>> {
    let mut diags = Diagnostics::default();
    let result = tree.write(host, root.as_ref(), overwrite, &mut |_| panic!("nobody else is here"), &mut diags);
    match result {
        Ok(summary) if diags.is_empty() => Ok(summary),
        _ => Err(told(&diags)),
    }
}

fn build(host: &dyn Host, root: impl AsRef<Path>, tree: &Tree) -> Result<Summary, Vec<String>> {
    write(host, root, tree, Overwrite::Ours)
}

fn told(diags: &Diagnostics) -> Vec<String> {
    diags.iter().map(|found| format!("{} {} {}", found.severity.name(), found.code.id(), found.message)).collect()
}

fn done(written: usize, unchanged: usize, removed: usize) -> Result<Summary, Vec<String>> {
    Ok(Summary { written, unchanged, removed })
}

/// The texts of a memory's output, without what lakegen keeps for itself.
fn texts(host: &Memory) -> Texts {
    let files = host.files().into_iter().filter(|(path, _)| !path.starts_with("/out/.lakegen"));
    let text = |content: Content| String::from_utf8(content.bytes).expect("only texts are written here");
    files.map(|(path, content)| (path.strip_prefix(OUT).unwrap().display().to_string(), text(content))).collect()
}

fn texts_of(tree: &Tree) -> Texts {
    let text = |file: &File| (file.path.clone(), String::from_utf8(file.bytes.clone()).unwrap());
    tree.files().iter().map(text).collect()
}

/// Exactly the files of the tree, in exactly their folders, and nothing staged.
fn assert_holds(host: &Memory, tree: &Tree, context: &str) {
    assert_eq!(texts(host), texts_of(tree), "{context}");
    let mut folders = BTreeSet::from([PathBuf::from(OUT), PathBuf::from("/out/.lakegen")]);
    for file in tree.files() {
        let path = Path::new(OUT).join(&file.path);
        folders.extend(path.ancestors().skip(1).filter(|above| above.starts_with(OUT)).map(PathBuf::from));
    }
    assert_eq!(host.folders(), folders, "{context}");
    let own = host.files().into_keys().filter(|path| path.starts_with("/out/.lakegen")).count();
    assert_eq!(own, 3, "{context}: the lock, the manifest and .gitignore");
}

/// Two trees between which everything happens: new, changed, unchanged and removed files, and files that become folders.
fn before() -> Tree {
    tree(&[
        ("a/changed", "one"),
        ("a/same", "same"),
        ("becomes-file/deep/x", "x"),
        ("becomes-file/y", "y"),
        ("becomes-folder", "file"),
        ("gone/deep/er/x", "x"),
        ("refilled/old", "x"),
        ("top", "old top"),
    ])
}

fn after() -> Tree {
    tree(&[
        ("a/changed", "two and longer"),
        ("a/new", "new"),
        ("a/same", "same"),
        ("becomes-file", "file"),
        ("becomes-folder/x/y", "xy"),
        ("new/deep/z", "z"),
        ("refilled/new", "x"),
        ("top", "new top"),
    ])
}

fn memory_with(tree: &Tree) -> Memory {
    let host = Memory::new();
    build(&host, OUT, tree).expect("an empty folder takes all");
    host
}

#[test]
fn a_tree_replaces_the_one_before() {
    let host = Memory::new();
    assert_eq!(build(&host, OUT, &before()), done(8, 0, 0));
    assert_holds(&host, &before(), "the first build");
    assert_eq!(build(&host, OUT, &after()), done(7, 1, 5));
    assert_holds(&host, &after(), "the second build");
    assert_eq!(build(&host, OUT, &tree(&[])), done(0, 0, 8));
    assert_holds(&host, &tree(&[]), "nothing is generated");
}

#[test]
fn a_build_that_is_killed_anywhere_leaves_files_old_or_new_and_the_next_one_mends_all() {
    let steps = operations_of(&before(), &after());
    assert!(steps > 50, "only {steps} operations were counted");
    for n in 0..=steps {
        // The same build again; the one before again; one that wants nothing of either.
        for next in [after(), before(), tree(&[("third", "3"), ("a/changed", "3")]), tree(&[])] {
            let host = memory_with(&before());
            die_after(&host, n, &after());
            assert_old_or_new(&host, &format!("killed after {n} operations"));
            let result = build(&host, OUT, &next);
            assert!(result.is_ok(), "killed after {n} operations, then {result:?}");
            assert_holds(&host, &next, &format!("killed after {n} operations"));
        }
    }
}

#[test]
fn a_build_that_only_removes_and_is_killed_leaves_no_empty_folder() {
    let (before, after) = (tree(&[("a/b/x", "x"), ("top", "t")]), tree(&[("top", "t")]));
    for n in 0..=operations_of(&before, &after) {
        let host = memory_with(&before);
        die_after(&host, n, &after);
        assert_eq!(build(&host, OUT, &after).err(), None, "killed after {n} operations");
        assert_holds(&host, &after, &format!("killed after {n} operations"));
    }
}

#[test]
fn a_build_that_is_killed_twice_is_mended_too() {
    let third = tree(&[("a/changed", "three"), ("becomes-folder", "again a file"), ("new/deep", "a file")]);
    let steps = operations_of(&before(), &after());
    for n in 0..=steps {
        for m in (0..=steps).step_by(7) {
            let host = memory_with(&before());
            die_after(&host, n, &after());
            die_after(&host, m, &third);
            let result = build(&host, OUT, &before());
            assert!(result.is_ok(), "killed after {n}, then after {m} operations, then {result:?}");
            assert_holds(&host, &before(), &format!("killed after {n}, then after {m} operations"));
        }
    }
}

#[test]
fn the_first_build_of_all_may_be_killed_as_well() {
    let host = Memory::new();
    host.set_faults(Faults::default());
    build(&host, OUT, &before()).unwrap();
    for n in 0..=host.operations() {
        let host = Memory::new();
        die_after(&host, n, &before());
        assert!(texts(&host).iter().all(|file| texts_of(&before()).contains_key(file.0)));
        assert_eq!(build(&host, OUT, &after()).err(), None, "killed after {n} operations");
        assert_holds(&host, &after(), &format!("killed after {n} operations"));
    }
}

#[test]
fn a_forced_build_that_is_killed_does_not_take_over_what_it_did_not_replace() {
    for n in 0.. {
        let host = memory_with(&tree(&[("ours", "1")]));
        host.put("/out/theirs", "kept");
        host.set_faults(Faults { dies_after: Some(n), ..Faults::default() });
        let killed = write(&host, OUT, &tree(&[("ours", "2"), ("theirs", "mine")]), Overwrite::Anything);
        host.set_faults(Faults::default());
        let replaced = texts(&host)["theirs"] == "mine";
        let result = build(&host, OUT, &tree(&[("ours", "2"), ("theirs", "other")]));
        assert_eq!(result.is_ok(), replaced, "killed after {n} operations: {result:?}");
        assert_eq!(texts(&host)["theirs"], if replaced { "other" } else { "kept" });
        if killed.is_ok() {
            return;
        }
    }
}

fn operations_of(before: &Tree, after: &Tree) -> usize {
    let host = memory_with(before);
    host.set_faults(Faults::default());
    build(&host, OUT, after).unwrap();
    host.operations()
}

fn die_after(host: &Memory, operations: usize, tree: &Tree) {
    host.set_faults(Faults { dies_after: Some(operations), ..Faults::default() });
    let _ = build(host, OUT, tree);
    host.set_faults(Faults::default());
}

fn assert_old_or_new(host: &Memory, context: &str) {
    let (old, new) = (texts_of(&before()), texts_of(&after()));
    for (path, text) in texts(host) {
        assert!(old.get(&path) == Some(&text) || new.get(&path) == Some(&text), "{context}: {path} holds {text:?}");
    }
    for path in ["a/changed", "a/same", "top"] {
        assert!(texts(host).contains_key(path), "{context}: {path} is gone");
    }
}

#[test]
fn a_full_disk_at_any_byte_leaves_the_old_output_whole() {
    let used: usize = memory_with(&before()).files().values().map(|content| content.bytes.len()).sum();
    let (mut full, mut fits) = (0, 0);
    for room in (used..used + 4000).step_by(9) {
        let host = memory_with(&before());
        let files = host.stamps();
        host.set_faults(Faults { room_bytes: Some(room as u64), ..Faults::default() });
        match build(&host, OUT, &after()) {
            Ok(_) => {
                assert_holds(&host, &after(), "all fits");
                fits += 1;
            }
            Err(found) => {
                assert_eq!(host.stamps(), files, "room for {room} bytes: nothing was touched, nothing staged is left");
                assert!(found.len() == 1 && found[0].starts_with("error L0604 /out/"), "{found:?}");
                full += 1;
            }
        }
    }
    assert!(full > 100 && fits > 100, "{full} times full, {fits} times not");
}

#[test]
fn a_folder_that_is_read_only_leaves_the_old_output_whole() {
    for folder in memory_with(&before()).folders() {
        let host = memory_with(&before());
        let (files, folders) = (host.files(), host.folders());
        host.set_faults(Faults { read_only: BTreeSet::from([folder.clone()]), ..Faults::default() });
        let found = build(&host, OUT, &after()).expect_err("nothing can be changed there");
        assert_eq!(found.len(), 1, "{folder:?}: {found:?}");
        assert!(found[0].starts_with("error L0604 /out/") && found[0].contains("cannot be written"), "{found:?}");
        assert_eq!(host.files(), files, "{folder:?}");
        assert_eq!(host.folders(), folders, "{folder:?}");
        host.set_faults(Faults::default());
        assert_eq!(build(&host, OUT, &after()).err(), None, "{folder:?}");
        assert_holds(&host, &after(), "mended");
    }
}

#[test]
fn what_cannot_be_undone_stays_ours() {
    let of = |text| tree(&[("a/x", text), ("z/x", text)]);
    for unlinkable in ["/out/a/x", "/out/.lakegen/manifest.json"] {
        let host = memory_with(&of("old"));
        let (read_only, unlinkable) = (BTreeSet::from(["/out/z".into()]), BTreeSet::from([unlinkable.into()]));
        host.set_faults(Faults { read_only, unlinkable, ..Faults::default() });
        let mut diags = Diagnostics::default();
        of("new").write(&host, Path::new(OUT), Overwrite::Ours, &mut |_| {}, &mut diags).expect_err("z is read-only");
        assert_eq!(diags.iter().next().unwrap().notes, ["some files are new by now: run lakegen again"]);
        host.set_faults(Faults::default());
        assert_eq!(build(&host, OUT, &of("third")), done(2, 0, 0));
    }
}

#[test]
fn the_diagnostic_of_a_full_disk_says_what_where_and_what_to_do() {
    let host = memory_with(&before());
    host.set_faults(Faults { room_bytes: Some(0), ..Faults::default() });
    let mut diags = Diagnostics::default();
    after().write(&host, Path::new(OUT), Overwrite::Ours, &mut |_| {}, &mut diags).expect_err("the disk is full");
    let found = diags.iter().next().unwrap();
    assert_eq!(found.code, Code::CannotWrite);
    assert!(found.message.ends_with("cannot be written: no storage space"), "{}", found.message);
    assert!(found.places[0].span.source.name.starts_with("/out/"));
    assert_eq!(found.notes, ["what was there before is still whole"]);
    assert_eq!(found.help.as_deref(), Some("make room, then run lakegen again"));
}

#[test]
fn a_rebuild_that_changes_nothing_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stamps = |root: &Path| -> Vec<(String, u64, i64, i64)> {
        let listed = Disk.list(root).unwrap().into_iter().map(|entry| entry.path).chain([String::new()]);
        let stamp = |path: String| {
            let metadata = fs::symlink_metadata(root.join(&path)).unwrap();
            (path, metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
        };
        listed.map(stamp).collect()
    };
    assert_eq!(build(&Disk, folder.path(), &before()), done(8, 0, 0));
    let first = stamps(folder.path());
    assert_eq!(build(&Disk, folder.path(), &before()), done(0, 8, 0));
    assert_eq!(stamps(folder.path()), first);
    assert_eq!(build(&Disk, folder.path(), &after()), done(7, 1, 5));
    let same = |stamps: &[(String, u64, i64, i64)]| stamps.iter().find(|stamp| stamp.0 == "a/same").cloned();
    assert_eq!(same(&stamps(folder.path())), same(&first), "one unchanged file among others that change");
}

#[test]
fn the_manifest_is_deterministic_and_readable() {
    let host = memory_with(&tree(&[("b", "2"), ("a", "1")]));
    let manifest = String::from_utf8(host.files()[Path::new("/out/.lakegen/manifest.json")].bytes.clone()).unwrap();
    let expected = r#"{
  "version": 1,
  "files": {
    "a": ["6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"],
    "b": ["d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"]
  }
}
"#;
    assert_eq!(manifest, expected);
}

#[test]
fn what_others_wrote_or_changed_is_refused_all_at_once_and_nothing_is_written() {
    let host = memory_with(&before());
    host.put("/out/top", "edited");
    host.put("/out/a/new", "theirs");
    host.put_link("/out/new");
    let files = host.stamps();
    let expected = [
        "error L0603 /out/new is a symbolic link, and lakegen follows none in its output".to_string(),
        "error L0601 /out/a/new was not written by lakegen".to_string(),
        "error L0602 /out/top was changed since lakegen wrote it".to_string(),
    ];
    assert_eq!(build(&host, OUT, &after()), Err(expected.to_vec()));
    assert_eq!(host.stamps(), files);
    host.remove_file(Path::new("/out/new")).unwrap();
    assert_eq!(write(&host, OUT, &after(), Overwrite::Anything), done(7, 1, 5));
    assert_holds(&host, &after(), "forced");
}

#[test]
fn a_refused_folder_that_was_never_ours_gets_not_even_a_lock() {
    let host = Memory::new();
    host.put("/out/top", "theirs");
    let (files, folders) = (host.stamps(), host.folders());
    assert_eq!(build(&host, OUT, &after()), Err(vec!["error L0601 /out/top was not written by lakegen".into()]));
    assert_eq!((host.stamps(), host.folders()), (files, folders));
}

#[test]
fn a_file_that_is_as_wanted_already_is_adopted() {
    let host = Memory::new();
    host.put("/out/top", "new top");
    assert_eq!(build(&host, OUT, &after()), done(7, 1, 0));
    assert_eq!(build(&host, OUT, &tree(&[])), done(0, 0, 8));
    assert_holds(&host, &tree(&[]), "what was adopted is ours to remove");

    // A checkout without its manifest.
    let host = memory_with(&before());
    host.remove_file(Path::new("/out/.lakegen/manifest.json")).unwrap();
    assert_eq!(build(&host, OUT, &before()), done(0, 8, 0));
    assert_eq!(build(&host, OUT, &after()), done(7, 1, 5));
}

#[test]
fn only_what_is_ours_and_unchanged_is_removed() {
    let host = memory_with(&before());
    host.put("/out/gone/deep/theirs", "theirs");
    host.put("/out/becomes-file/y", "edited");
    let next = tree(&[("top", "old top")]);
    let kept = "warning L0602 /out/becomes-file/y is kept: lakegen no longer makes it, but it was changed by hand".to_string();
    assert_eq!(build(&host, OUT, &next), Err(vec![kept.clone()]));
    let expected = [("becomes-file/y", "edited"), ("gone/deep/theirs", "theirs"), ("top", "old top")];
    assert_eq!(texts(&host), texts_of(&tree(&expected)));
    let folders = host.folders();
    let gone = ["/out/a", "/out/becomes-file/deep", "/out/gone/deep/er"];
    assert!(gone.iter().all(|folder| !folders.contains(Path::new(folder))), "{folders:?}");

    assert_eq!(build(&host, OUT, &next), Err(vec![kept]), "it is still no one else's");
    host.put("/out/becomes-file/y", "y");
    assert_eq!(build(&host, OUT, &next), done(0, 1, 1), "changed back");
    host.remove_file(Path::new("/out/gone/deep/theirs")).unwrap();
    assert_eq!(build(&host, OUT, &next), done(0, 1, 0));
}

#[test]
fn a_folder_of_others_is_not_replaced_by_a_file_nor_a_file_by_a_folder() {
    let host = memory_with(&before());
    host.put("/out/becomes-file/theirs", "theirs");
    host.put("/out/becomes-folder", "edited");
    host.put("/out/new", "a file");
    let files = host.stamps();
    let expected = [
        "error L0603 /out/becomes-file is a folder that is not lakegen's alone",
        "error L0603 /out/becomes-folder is not a folder",
        "error L0603 /out/new is not a folder",
    ];
    for overwrite in [Overwrite::Ours, Overwrite::Anything] {
        assert_eq!(write(&host, OUT, &after(), overwrite), Err(expected.map(String::from).to_vec()));
    }
    assert_eq!(host.stamps(), files);

    let host = memory_with(&tree(&[]));
    host.make_folder(Path::new("/out/top")).unwrap();
    assert_eq!(build(&host, OUT, &after()), Err(vec!["error L0603 /out/top is a folder that is not lakegen's alone".into()]));
}

#[test]
fn no_link_is_followed_out_of_the_root() {
    for (link, is_file) in [("a", false), ("top", true), ("new", false), (".lakegen", false), (".lakegen/manifest.json", true)] {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        fs::create_dir_all(root.join(link).parent().unwrap()).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("changed"), "theirs").unwrap();
        fs::write(folder.path().join("theirs"), "theirs").unwrap();
        symlink(if is_file { folder.path().join("theirs") } else { outside.clone() }, root.join(link)).unwrap();
        for overwrite in [Overwrite::Ours, Overwrite::Anything] {
            let found = write(&Disk, &root, &after(), overwrite).expect_err(link);
            assert!(found.len() == 1 && found[0].starts_with("error L0603"), "{link}: {found:?}");
        }
        assert_eq!(fs::read(outside.join("changed")).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(fs::read(folder.path().join("theirs")).unwrap(), b"theirs");
        assert!(fs::symlink_metadata(root.join(link)).unwrap().is_symlink());
        assert!(!root.join("becomes-file").exists());
    }
}

#[test]
fn a_lock_that_is_a_link_is_refused_and_a_staging_folder_that_is_one_is_only_unlinked() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    build(&Disk, &root, &before()).unwrap();
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/new-0"), "theirs").unwrap();
    symlink(folder.path().join("outside"), root.join(".lakegen/stage")).unwrap();
    assert_eq!(build(&Disk, &root, &after()), done(7, 1, 5));
    assert_eq!(fs::read(folder.path().join("outside/new-0")).unwrap(), b"theirs");

    fs::remove_file(root.join(".lakegen/lock")).unwrap();
    symlink(folder.path().join("made-by-lock"), root.join(".lakegen/lock")).unwrap();
    let found = build(&Disk, &root, &before()).expect_err("the lock is a link");
    assert!(found[0].ends_with("cannot be written: it is not a plain file"), "{found:?}");
    assert!(!folder.path().join("made-by-lock").exists());
}

#[test]
fn stale_files_behind_a_link_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    build(&Disk, &root, &tree(&[("a/x", "x"), ("b", "b")])).unwrap();
    fs::rename(root.join("a"), folder.path().join("moved")).unwrap();
    symlink(folder.path().join("moved"), root.join("a")).unwrap();
    let found = build(&Disk, &root, &tree(&[("b", "b")])).expect_err("a warning");
    assert!(found[0].starts_with("warning L0602") && found[0].contains("a/x is kept"), "{found:?}");
    assert_eq!(fs::read(folder.path().join("moved/x")).unwrap(), b"x");
}

#[test]
fn the_root_itself_may_be_a_link_or_missing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    symlink("real", folder.path().join("root")).unwrap();
    assert_eq!(build(&Disk, folder.path().join("root"), &before()), done(8, 0, 0));
    assert_eq!(fs::read(folder.path().join("real/top")).unwrap(), b"old top");
    assert_eq!(build(&Disk, folder.path().join("deep/er/root"), &before()), done(8, 0, 0));
    let found = build(&Disk, folder.path().join("real/top"), &before()).expect_err("a file");
    assert!(found.len() == 1 && found[0].starts_with("error L0604"), "{found:?}");
}

#[test]
fn a_bad_manifest_stops_all_but_force() {
    let cases = [
        ("<<<<<<< HEAD", "expected value"),
        (r#"{"version": 2, "files": {}}"#, "its version is 2, and this lakegen knows 1 only"),
        (r#"{"files": {}}"#, "it has no version"),
        (r#"{"version": 1}"#, "it has no files"),
        (r#"{"version": 1, "files": {"a": "x"}}"#, "\"a\" has no list of hashes"),
        (r#"{"version": 1, "files": {"../etc": ["x"]}}"#, "\"../etc\" cannot be the path of an output file"),
        (r#"{"version": 1, "files": {"/etc": ["x"]}}"#, "\"/etc\" cannot be the path of an output file"),
        (r#"{"version": 1, "files": {".lakegen/lock": ["x"]}}"#, "belongs to lakegen itself"),
    ];
    for (text, expected) in cases {
        let host = memory_with(&before());
        host.put("/out/.lakegen/manifest.json", text);
        let files = host.stamps();
        let found = build(&host, OUT, &after()).expect_err(text);
        assert!(found.len() == 1 && found[0].starts_with("error L0606") && found[0].contains(expected), "{found:?}");
        assert_eq!(host.stamps(), files);
        let found = write(&host, OUT, &tree(&[("top", "new")]), Overwrite::Anything).expect_err("a warning");
        assert!(found.len() == 1 && found[0].starts_with("warning L0606"), "{found:?}");
        assert_eq!(texts(&host)["top"], "new");
        assert_eq!(build(&host, OUT, &tree(&[("top", "newer")])), done(1, 0, 0));
    }
}

#[test]
fn a_manifest_that_names_a_file_of_others_does_not_remove_it() {
    let host = memory_with(&before());
    host.put("/out/theirs", "theirs");
    host.put("/out/.lakegen/manifest.json", r#"{"version": 1, "files": {"theirs": ["0000"]}}"#);
    build(&host, OUT, &tree(&[])).expect_err("a warning");
    assert_eq!(texts(&host)["theirs"], "theirs");
}

#[test]
fn paths_that_some_system_cannot_hold_are_refused() {
    let long = "x".repeat(256);
    let bad = [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "./a",
        "a\\b",
        "C:/a",
        "a\nb",
        "a\u{7f}",
        "a\u{85}b",
        "a.",
        "a /b",
        "nul",
        "a/CON",
        "aux.yaml",
        "com1.tar.gz",
        "LPT9",
        "com¹",
        "conin$",
        "prn .txt",
        "a?",
        "a*b",
        "a|b",
        "<a>",
        "\"a\"",
        ".lakegen/x",
        ".Lakegen",
        "a/.lakegen",
        ".git/hooks/pre-commit",
        "a/.GIT/config",
        &long,
    ];
    for path in bad {
        assert_eq!(codes_of(&[path]), [Code::BadPath], "{path:?}");
    }
    for path in ["a", "a/b.yaml", ".github/x", ".gitignore", "com", "com10", "console", "nulls.yaml", "ä b/ö", "...a", &long[1..]]
    {
        assert_eq!(codes_of(&[path]), [], "{path:?}");
    }
    for paths in [&["a", "a"][..], &["a", "A"], &["ä/b", "Ä/b"], &["x/a", "X/b"], &["a", "a/b"], &["a/b", "a"], &["a/b/c", "A"]]
    {
        assert_eq!(codes_of(paths), [Code::PathClash], "{paths:?}");
    }
    assert_eq!(codes_of(&["a/b", "a/c", "a-b", "b/a", "ab"]), []);
    assert_eq!(codes_of(&["../a", "b", "b", "nul"]), [Code::BadPath, Code::PathClash, Code::BadPath], "all at once");
}

fn codes_of(paths: &[&str]) -> Vec<Code> {
    let mut diags = Diagnostics::default();
    let files = paths.iter().map(|path| File { path: path.to_string(), bytes: Vec::new(), executable: false });
    let result = Tree::new(files.collect(), &mut diags);
    assert_eq!(result.is_ok(), diags.is_empty());
    diags.iter().map(|found| found.code).collect()
}

#[test]
fn the_second_of_two_builds_waits_and_says_so_once() {
    let host = memory_with(&before());
    let mut held = host.try_lock(Path::new("/out/.lakegen/lock")).unwrap();
    let mut told = Vec::new();
    let mut tell = |message: &str| {
        told.push(message.to_string());
        held = None;
    };
    let mut diags = Diagnostics::default();
    after().write(&host, Path::new(OUT), Overwrite::Ours, &mut tell, &mut diags).expect("the lock is given back");
    assert_eq!(told, ["waiting for another lakegen that writes into /out"]);
    assert_holds(&host, &after(), "waited for");
}

#[test]
fn a_lock_that_is_never_given_back_ends_in_an_error() {
    let host = memory_with(&before());
    let _held = host.try_lock(Path::new("/out/.lakegen/lock")).unwrap();
    let mut diags = Diagnostics::default();
    let mut times = 0;
    after().write(&host, Path::new(OUT), Overwrite::Ours, &mut |_| times += 1, &mut diags).expect_err("never given back");
    assert_eq!(told(&diags), ["error L0607 another lakegen has been writing into /out for 60 seconds"]);
    assert_eq!((times, host.waited().as_secs()), (1, 60));
    assert_holds(&host, &before(), "waited in vain");
}

#[test]
fn builds_at_once_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let trees: Vec<Tree> = (0..4).map(|n| many(20, n)).collect();
    std::thread::scope(|scope| {
        for tree in &trees {
            let root = &root;
            scope.spawn(move || {
                for _ in 0..5 {
                    let mut diags = Diagnostics::default();
                    tree.write(&Disk, root, Overwrite::Ours, &mut |_| {}, &mut diags)
                        .unwrap_or_else(|_| panic!("{:?}", told(&diags)));
                }
            });
        }
    });
    let differences = trees.iter().map(|tree| tree.diff(&Disk, &root, &mut Diagnostics::default()).unwrap().len());
    assert_eq!(differences.filter(|count| *count == 0).count(), 1, "the folder holds one of the trees, whole");
}

/// Files of which a third have the same path in every generation.
fn many(count: usize, generation: usize) -> Tree {
    let file = |n: usize| File {
        path: if n.is_multiple_of(3) { format!("folder-{}/{n}.yaml", n % 10) } else { format!("folder-{generation}/{n}.yaml") },
        bytes: format!("# {generation} {n}\n").repeat(200).into_bytes(),
        executable: false,
    };
    Tree::new((0..count).map(file).collect(), &mut Diagnostics::default()).unwrap()
}

#[test]
fn what_a_killed_run_staged_is_cleaned_up_even_if_nothing_changed() {
    let host = memory_with(&before());
    let files = host.stamps();
    host.put("/out/.lakegen/stage/new-0", "half");
    host.put("/out/.lakegen/stage/deep/x", "half");
    assert_eq!(build(&host, OUT, &before()), done(0, 8, 0));
    assert_eq!(host.stamps(), files);
    assert_holds(&host, &before(), "cleaned up");
}

#[test]
fn scripts_become_executable_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let script = |executable| {
        let files = vec![File { path: "run".into(), bytes: b"#!/bin/sh\n".to_vec(), executable }];
        Tree::new(files, &mut Diagnostics::default()).unwrap()
    };
    let mode = || fs::metadata(folder.path().join("run")).unwrap().permissions().mode() & 0o111;
    assert_eq!(build(&Disk, folder.path(), &script(false)), done(1, 0, 0));
    assert_eq!(mode(), 0);
    let differences = script(true).diff(&Disk, folder.path(), &mut Diagnostics::default()).unwrap();
    assert_eq!(unified(&differences), "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n");
    assert_eq!(build(&Disk, folder.path(), &script(true)), done(1, 0, 0));
    assert_ne!(mode(), 0);
    assert_eq!(build(&Disk, folder.path(), &script(true)), done(0, 1, 0));

    fs::remove_file(folder.path().join(".lakegen/manifest.json")).unwrap();
    assert_eq!(build(&Disk, folder.path(), &script(false)), done(1, 0, 0), "its text is ours, whoever wrote it");
    assert_eq!(mode(), 0);
}

#[test]
fn a_diff_shows_what_a_build_would_change_and_changes_nothing() {
    let host =
        memory_with(&tree(&[("changed", "1\n2\n3\n"), ("end", "x"), ("extra", "old\n"), ("same", "s"), ("binary", "a\0")]));
    host.put("/out/theirs", "theirs");
    let next = tree(&[("changed", "1\ntwo\n3\n"), ("end", "x\n"), ("missing", "new\n"), ("same", "s"), ("binary", "b\0")]);
    let (files, mut diags) = (host.stamps(), Diagnostics::default());
    let differences = next.diff(&host, Path::new(OUT), &mut diags).unwrap();
    assert_eq!(host.stamps(), files);
    let expected = "\
Binary files a/binary and b/binary differ
--- a/changed
+++ b/changed
@@ -1,3 +1,3 @@
 1
-2
+two
 3
--- a/end
+++ b/end
@@ -1 +1 @@
-x
\\ No newline at end of file
+x
--- a/extra
+++ /dev/null
@@ -1 +0,0 @@
-old
--- /dev/null
+++ b/missing
@@ -0,0 +1 @@
+new
";
    assert_eq!(unified(&differences), expected);
    tree::report(Path::new(OUT), &differences, &mut diags).expect_err("there are differences");
    assert_eq!(told(&diags), ["error L0605 5 files differ in /out from what lakegen would write"]);
    let notes = ["changed: binary", "changed: changed", "changed: end", "no longer generated: extra", "missing: missing"];
    assert_eq!(diags.iter().next().unwrap().notes, notes);
    assert_eq!(build(&host, OUT, &next), done(4, 1, 1));
    assert_eq!(next.diff(&host, Path::new(OUT), &mut Diagnostics::default()).unwrap(), []);
}

#[test]
fn a_diff_against_nothing_makes_nothing() {
    let host = Memory::new();
    assert_eq!(before().diff(&host, Path::new(OUT), &mut Diagnostics::default()).unwrap().len(), 8);
    assert!(host.folders().is_empty() && host.files().is_empty());
}

#[test]
fn the_machine_answers_what_it_is_asked() {
    let host = Memory::new();
    let today = |host: &Memory| host::today(host, &mut Diagnostics::default()).map(|date| date.to_string()).ok();
    host.set_clock(1_709_164_800);
    assert_eq!(today(&host).as_deref(), Some("2024-02-29"));
    host.set_var("SOURCE_DATE_EPOCH", "86399");
    assert_eq!(today(&host).as_deref(), Some("1970-01-01"));
    for wrong in ["yesterday", "-1", "1709164800000"] {
        host.set_var("SOURCE_DATE_EPOCH", wrong);
        assert_eq!(today(&host), None);
    }
    for good in ["2000-02-29", "2026-12-31", "1970-01-01"] {
        assert_eq!(Date::parse(good).unwrap().to_string(), good);
    }
    for bad in ["1900-02-29", "2026-13-01", "2026-1-1", "2026-04-31", "2026-01-01-", "+026-01-01", "", "2026-00-10", "2026-01-00"]
    {
        assert_eq!(Date::parse(bad), None, "{bad}");
    }
    assert_eq!(Date::parse("2023-12-31").unwrap().days_until(Date::parse("2025-01-01").unwrap()), 367);
}

#[test]
fn files_are_read_within_limits_and_listed_without_following_links() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("b/two"), "text").unwrap();
    fs::write(folder.path().join("b-c"), [0xff]).unwrap();
    symlink("..", folder.path().join("b/up")).unwrap();
    let listed: Vec<String> = Disk.list(folder.path()).unwrap().into_iter().map(|e| format!("{} {:?}", e.path, e.kind)).collect();
    assert_eq!(listed, ["b Folder", "b-c File", "b/two File", "b/up Link"]);

    let read = |name: &str, limit| {
        let mut diags = Diagnostics::default();
        host::source(&Disk, &folder.path().join(name), limit, &mut diags)
            .map(|source| source.text.clone())
            .map_err(|_| told(&diags).remove(0))
    };
    assert_eq!(read("b/two", 4).as_deref(), Ok("text"));
    for (name, words) in [
        ("b/two", "it is larger than the limit of 3 bytes"),
        ("b-c", "it is not UTF-8 text"),
        ("c", "no such file or directory"),
        ("b", "is a directory"),
    ] {
        let found = read(name, 3).expect_err(words);
        assert!(found.starts_with("error L0103") && found.ends_with(words), "{found}");
    }
}

#[test]
fn a_file_is_found_upwards() {
    let host = Memory::new();
    assert_eq!(host::find_upwards(&host, "lakehouse.toml"), None);
    host.put("/lakehouse.toml", "");
    assert_eq!(host::find_upwards(&host, "lakehouse.toml"), Some("lakehouse.toml".into()));
}

/// `cargo test --release -- --ignored --nocapture speed`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (many(300, 0), many(300, 1));
    for round in 0..7 {
        let root = folder.path().join(round.to_string());
        for (what, tree) in [("new", &first), ("unchanged", &first), ("replaced", &second)] {
            let start = std::time::Instant::now();
            build(&Disk, &root, tree).unwrap();
            println!("{round} {what}: {:?}", start.elapsed());
        }
        let start = std::time::Instant::now();
        first.diff(&Disk, &root, &mut Diagnostics::default()).unwrap();
        println!("{round} diff: {:?}", start.elapsed());
    }
}
