//! The promises of every storage, tested on all kinds that the browser has, and in memory on the host.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, join, join_all, select, try_join_all};
use interleave::runtime::Run;
use interleave::storage::name::MOST_BYTES;
use interleave::storage::{BadName, FileName, Storage, StorageError, StorageKind, StoredFile};

/// Creates a test for each promise, in its own folder.
macro_rules! promises {
    ($($promise:ident)*) => {
        #[cfg(target_arch = "wasm32")]
        mod in_the_browser {
            $(
                #[wasm_bindgen_test::wasm_bindgen_test]
                async fn $promise() {
                    let run = interleave::runtime::Run::in_browser(7);
                    for storage in crate::storage::browser::every_kind(stringify!($promise)).await {
                        super::$promise(&run, &storage).await;
                        storage.delete_all().await.expect("it can be emptied");
                    }
                }
            )*
        }

        #[cfg(not(target_arch = "wasm32"))]
        mod in_memory {
            $(
                #[test]
                fn $promise() {
                    let run = interleave::runtime::Run::on_virtual_clock(7);
                    let test = async {
                        let storage = interleave::storage::Storage::open(&run, stringify!($promise)).await;
                        super::$promise(&run, &storage).await;
                    };
                    interleave::runtime::virtual_time::block_on(&run, test).expect("nothing waits forever");
                }
            )*
        }
    };
}

promises! {
    written_content_is_read_back
    a_missing_file_is_named
    invalid_names_are_refused
    unusual_names_are_stored_unchanged
    appended_content_follows_the_old_content
    a_list_is_sorted_and_has_sizes
    two_hundred_files_are_read_back_byte_for_byte
    the_later_of_two_writes_wins
    nothing_is_lost_of_concurrent_appends
    a_reader_sees_the_old_or_the_new_content
    a_dropped_write_leaves_the_old_or_the_new_content
    a_dropped_first_write_leaves_no_incomplete_file
    deleting_all_files_waits_for_earlier_operations
    a_folder_does_not_change_another
}

fn names(list: &[StoredFile]) -> Vec<&str> {
    list.iter().map(|stored| stored.name.as_str()).collect()
}

fn not_found<T>(name: &str) -> Result<T, StorageError> {
    Err(StorageError::NotFound { name: FileName::parse(name).expect("it is a name") })
}

/// The moments at which a write is dropped: after a number of turns of the event loop, and a number of milliseconds.
const MOMENTS: [(usize, u64); 12] =
    [(0, 0), (1, 0), (2, 0), (4, 0), (8, 0), (20, 0), (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (0, 32)];

async fn wait(run: &Run, (turns, ms): (usize, u64)) {
    for _ in 0..turns {
        run.yield_now().await;
    }
    if ms > 0 {
        run.sleep(Duration::from_millis(ms)).await;
    }
}

async fn written_content_is_read_back(_run: &Run, storage: &Storage) {
    let every_byte: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for content in [&every_byte[..], b"short", b"", "Zürich 数字\r\n".as_bytes()] {
        storage.write("a.bin", content).await.expect("there is room");
        assert_eq!(storage.read("a.bin").await.as_deref(), Ok(content), "{}", storage.kind());
        assert_eq!(storage.size("a.bin").await, Ok(content.len() as u64), "{}", storage.kind());
    }
}

async fn a_missing_file_is_named(_run: &Run, storage: &Storage) {
    storage.write("a.txt", b"a").await.expect("there is room");
    assert_eq!(storage.delete("a.txt").await, Ok(()), "{}", storage.kind());
    for name in ["a.txt", "never.txt"] {
        assert_eq!(storage.read(name).await, not_found(name), "{}", storage.kind());
        assert_eq!(storage.size(name).await, not_found(name), "{}", storage.kind());
        assert_eq!(storage.delete(name).await, not_found(name), "{}", storage.kind());
    }
    assert_eq!(storage.list().await, Ok(vec![]), "{}", storage.kind());
}

async fn invalid_names_are_refused(_run: &Run, storage: &Storage) {
    for name in ["", ".", "..", "a/b", "../a", "a\\b", "a\0", &"x".repeat(MOST_BYTES + 1)] {
        let why: BadName = FileName::parse(name).expect_err("it is none");
        let error = StorageError::BadName { name: name.to_owned(), why };
        assert_eq!(storage.write(name, b"a").await, Err(error.clone()));
        assert_eq!(storage.append(name, b"a").await, Err(error.clone()));
        assert_eq!(storage.read(name).await, Err(error.clone()));
        assert_eq!(storage.size(name).await, Err(error.clone()));
        assert_eq!(storage.delete(name).await, Err(error));
    }
    assert_eq!(storage.list().await, Ok(vec![]), "{}", storage.kind());
}

async fn unusual_names_are_stored_unchanged(_run: &Run, storage: &Storage) {
    let long = "é".repeat(MOST_BYTES / 2);
    let odd = [
        "a%2Fb",
        "a b",
        " ",
        "a.",
        ".a",
        "...",
        "~",
        "a:b",
        "a*?",
        "<a>|\"",
        "CON",
        "数字.csv",
        "🦀",
        "A",
        "a",
        "e\u{301}",
        "é",
        "a.crswap",
        "%",
        &long,
    ];
    for name in odd {
        storage.write(name, name.as_bytes()).await.unwrap_or_else(|error| panic!("{}: {error}", storage.kind()));
    }
    for name in odd {
        assert_eq!(storage.read(name).await.as_deref(), Ok(name.as_bytes()), "{}: {name:?}", storage.kind());
    }
    let mut expected = odd.to_vec();
    expected.sort_unstable();
    assert_eq!(names(&storage.list().await.expect("it is there")), expected, "{}", storage.kind());
}

async fn appended_content_follows_the_old_content(_run: &Run, storage: &Storage) {
    for (piece, whole) in [("one", "one"), (", two", "one, two"), ("", "one, two"), ("\n", "one, two\n")] {
        storage.append("log.txt", piece.as_bytes()).await.expect("there is room");
        assert_eq!(storage.read("log.txt").await.as_deref(), Ok(whole.as_bytes()), "{}", storage.kind());
        assert_eq!(storage.size("log.txt").await, Ok(whole.len() as u64), "{}", storage.kind());
    }
    storage.write("log.txt", b"new").await.expect("there is room");
    assert_eq!(storage.read("log.txt").await.as_deref(), Ok(&b"new"[..]), "{}", storage.kind());
}

async fn a_list_is_sorted_and_has_sizes(_run: &Run, storage: &Storage) {
    for (name, size) in [("b", 2), ("c", 0), ("a", 70_000)] {
        storage.write(name, &vec![7; size]).await.expect("there is room");
    }
    let list = storage.list().await.expect("it is there");
    let list: Vec<_> = list.iter().map(|stored| (stored.name.as_str(), stored.size_bytes)).collect();
    assert_eq!(list, [("a", 70_000), ("b", 2), ("c", 0)], "{}", storage.kind());
}

async fn two_hundred_files_are_read_back_byte_for_byte(run: &Run, storage: &Storage) {
    let content = |number: usize| {
        let mut rng = run.rng(number);
        let bytes: Vec<u8> = (0..65_536).map(|_| rng.u8(..)).collect();
        bytes
    };
    let name = |number| format!("{number:03}.bin");
    let writes = (0..200).map(async |number| storage.write(&name(number), &content(number)).await);
    try_join_all(writes).await.unwrap_or_else(|error| panic!("{}: {error}", storage.kind()));
    let reads = join_all((0..200).map(async |number| storage.read(&name(number)).await)).await;
    for (number, read) in reads.into_iter().enumerate() {
        assert!(read.as_ref() == Ok(&content(number)), "{}: {number} is {:?}", storage.kind(), read.map(|it| it.len()));
    }
    assert_eq!(storage.list().await.expect("it is there").len(), 200, "{}", storage.kind());
}

async fn the_later_of_two_writes_wins(_run: &Run, storage: &Storage) {
    let large = vec![1; 2_000_000];
    for _ in 0..5 {
        let both = join(storage.write("a", &large), storage.write("a", b"later")).await;
        assert_eq!(both, (Ok(()), Ok(())), "{}", storage.kind());
        assert_eq!(storage.read("a").await.as_deref(), Ok(&b"later"[..]), "{}", storage.kind());
    }
}

async fn nothing_is_lost_of_concurrent_appends(_run: &Run, storage: &Storage) {
    let pieces = (0..20).map(|number| format!("{number},"));
    try_join_all(pieces.clone().map(async |piece| storage.append("a", piece.as_bytes()).await))
        .await
        .expect("there is room");
    let whole: String = pieces.collect();
    assert_eq!(storage.read("a").await.as_deref(), Ok(whole.as_bytes()), "{}", storage.kind());
}

async fn a_reader_sees_the_old_or_the_new_content(_run: &Run, storage: &Storage) {
    let content = |number: u8| vec![number; 1_000 + 40_000 * usize::from(number % 7)];
    storage.write("a", &content(0)).await.expect("there is room");
    let write = async {
        for number in 1..60 {
            storage.write("a", &content(number)).await.expect("there is room");
        }
    };
    let mut write = pin!(write.fuse());
    let mut last = 0;
    loop {
        let read = match select(&mut write, pin!(storage.read("a"))).await {
            Either::Left(_) => break,
            Either::Right((read, _)) => read.unwrap_or_else(|error| panic!("{}: {error}", storage.kind())),
        };
        assert!(read == content(read[0]), "{}: {} bytes of {}", storage.kind(), read.len(), read[0]);
        assert!(read[0] >= last, "{}: {} after {last}", storage.kind(), read[0]);
        last = read[0];
    }
}

async fn a_dropped_write_leaves_the_old_or_the_new_content(run: &Run, storage: &Storage) {
    let (old, new) = (vec![1; 300_000], vec![2; 500_000]);
    for moment in MOMENTS {
        storage.write("a", &old).await.expect("there is room");
        drop(select(pin!(storage.write("a", &new)), pin!(wait(run, moment))).await);
        let seen = storage.read("a").await.expect("it was there before");
        assert!(seen == old || seen == new, "{}: a part after {moment:?}", storage.kind());
        // Appending waits until the dropped write has ended.
        storage.append("a", b"").await.unwrap_or_else(|error| panic!("{}: {error}", storage.kind()));
        let left = storage.read("a").await.expect("it was there before");
        assert!(left == old || left == new, "{}: a part after {moment:?}", storage.kind());
        let is_instant = storage.kind() == StorageKind::Memory;
        assert!(is_instant || moment != (0, 0) || left == old, "{}: it had just started", storage.kind());
    }
    storage.delete("a").await.expect("it is not in use");
}

async fn a_dropped_first_write_leaves_no_incomplete_file(run: &Run, storage: &Storage) {
    let content = vec![1; 300_000];
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let name = format!("{number}.bin");
        drop(select(pin!(storage.write(&name, &content)), pin!(wait(run, moment))).await);
        let is_whole_or_missing = match storage.read(&name).await {
            Ok(read) => read == content,
            error => error == not_found(&name),
        };
        assert!(is_whole_or_missing, "{}: a part after {moment:?}", storage.kind());
        let list = storage.list().await.expect("it is there");
        assert!(list.iter().all(|stored| stored.size_bytes == 300_000), "{}: {list:?}", storage.kind());
    }
}

async fn deleting_all_files_waits_for_earlier_operations(_run: &Run, storage: &Storage) {
    storage.write("a", b"old").await.expect("there is room");
    let writes = join(storage.write("a", b"new"), storage.write("b", b"new"));
    let ((a, b), all) = join(writes, storage.delete_all()).await;
    assert_eq!((a, b, all), (Ok(()), Ok(()), Ok(())), "{}", storage.kind());
    assert_eq!(storage.list().await, Ok(vec![]), "{}", storage.kind());
}

async fn a_folder_does_not_change_another(run: &Run, storage: &Storage) {
    let other = Storage::open(run, "another").await;
    other.write("a", b"other").await.expect("there is room");
    assert_eq!(storage.read("a").await, not_found("a"), "{}", storage.kind());
    storage.write("a", b"own").await.expect("there is room");
    storage.delete_all().await.expect("it is there");
    assert_eq!(other.read("a").await.as_deref(), Ok(&b"other"[..]), "{}", storage.kind());
    other.delete_all().await.expect("it is there");
}

#[cfg(not(target_arch = "wasm32"))]
mod memory {
    use futures::FutureExt;
    use interleave::storage::{InMemory, Storage, StorageError, StorageEstimate};

    #[test]
    fn a_full_storage_refuses_and_loses_nothing() {
        let storage = Storage::new(InMemory::with_quota(10));
        let full =
            |name| Some(Err(StorageError::Full { name: interleave::storage::FileName::parse(name).expect("a name") }));
        assert_eq!(storage.write("a", b"123456").now_or_never(), Some(Ok(())));
        assert_eq!(storage.write("b", b"12345").now_or_never(), full("b"));
        assert_eq!(storage.append("a", b"12345").now_or_never(), full("a"));
        assert_eq!(storage.write("a", b"12345678901").now_or_never(), full("a"));
        assert_eq!(storage.read("a").now_or_never(), Some(Ok(b"123456".to_vec())));
        assert_eq!(storage.estimate().now_or_never(), Some(Some(StorageEstimate { quota_bytes: 10, used_bytes: 6 })));
        assert_eq!(
            storage.write("a", b"1234567890").now_or_never(),
            Some(Ok(())),
            "it fits if the old file is replaced"
        );
        assert_eq!(storage.delete("a").now_or_never(), Some(Ok(())));
        assert_eq!(storage.write("b", b"1234567890").now_or_never(), Some(Ok(())));
    }

    #[test]
    fn every_operation_on_a_cleared_storage_fails_with_the_cause() {
        let memory = InMemory::default();
        let storage = Storage::new(memory.clone());
        assert_eq!(storage.write("a", b"1").now_or_never(), Some(Ok(())));
        memory.clear();
        assert_eq!(storage.write("a", b"1").now_or_never(), Some(Err(StorageError::Cleared)));
        assert_eq!(storage.append("a", b"1").now_or_never(), Some(Err(StorageError::Cleared)));
        assert_eq!(storage.read("a").now_or_never(), Some(Err(StorageError::Cleared)));
        assert_eq!(storage.size("a").now_or_never(), Some(Err(StorageError::Cleared)));
        assert_eq!(storage.delete("a").now_or_never(), Some(Err(StorageError::Cleared)));
        assert_eq!(storage.delete_all().now_or_never(), Some(Err(StorageError::Cleared)));
        assert_eq!(storage.list().now_or_never(), Some(Err(StorageError::Cleared)));
    }
}

#[cfg(target_arch = "wasm32")]
pub mod browser {
    use futures::future::join_all;
    use interleave::runtime::Run;
    use interleave::storage::{FileName, Storage, StorageError, StorageKind};
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen(module = "/tests/browser/storage.js")]
    extern "C" {
        #[wasm_bindgen(catch)]
        async fn clear_files(title: &str) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch)]
        async fn clear_database(title: &str) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch)]
        async fn leave_unfinished(title: &str, name: &str) -> Result<JsValue, JsValue>;
        fn without_files(is_on: bool);
        fn with_full_disk(is_on: bool);
        fn with_aborted_reads(times: u32);
    }

    /// An empty folder in each kind of storage that this browser has.
    pub async fn every_kind(folder: &'static str) -> Vec<Storage> {
        let kinds = [StorageKind::PrivateFileSystem, StorageKind::IndexedDb, StorageKind::Memory];
        let opened = join_all(kinds.map(|kind| Storage::open_kind(kind, folder))).await;
        let storages: Vec<_> = opened.into_iter().flatten().collect();
        assert!(storages.len() >= 2, "every engine has a database");
        for storage in &storages {
            storage.delete_all().await.expect("it is there");
        }
        storages
    }

    async fn assert_cleared(storage: &Storage) {
        let kind = storage.kind();
        assert_eq!(storage.read("a").await, Err(StorageError::Cleared), "{kind}");
        assert_eq!(storage.size("a").await, Err(StorageError::Cleared), "{kind}");
        assert_eq!(storage.list().await, Err(StorageError::Cleared), "{kind}");
        assert_eq!(storage.write("b", b"b").await, Err(StorageError::Cleared), "{kind}");
        assert_eq!(storage.append("a", b"b").await, Err(StorageError::Cleared), "{kind}");
        assert_eq!(storage.delete("a").await, Err(StorageError::Cleared), "{kind}");
        assert_eq!(storage.delete_all().await, Err(StorageError::Cleared), "{kind}");
    }

    #[wasm_bindgen_test]
    async fn data_cleared_while_in_use_are_reported_and_can_be_opened_again() {
        for storage in every_kind("cleared").await {
            storage.write("a", b"a").await.expect("there is room");
            match storage.kind() {
                StorageKind::PrivateFileSystem => {
                    clear_files("interleave-cleared").await.map(drop).expect("it is there")
                }
                StorageKind::IndexedDb => clear_database("interleave-cleared").await.map(drop).expect("it is there"),
                StorageKind::Memory => continue,
            }
            assert_cleared(&storage).await;
            let again = Storage::open_kind(storage.kind(), "cleared").await.expect("it can be created again");
            again.write("a", b"again").await.expect("there is room");
            assert_eq!(again.read("a").await.as_deref(), Ok(&b"again"[..]), "{}", storage.kind());
        }
    }

    #[wasm_bindgen_test]
    async fn a_full_disk_is_reported_and_nothing_is_lost() {
        let full = |name| Err(StorageError::Full { name: FileName::parse(name).expect("it is a name") });
        for storage in every_kind("full").await {
            let kind = storage.kind();
            if kind == StorageKind::Memory {
                continue;
            }
            storage.write("a", b"old").await.expect("there is room");
            with_full_disk(true);
            let results =
                [storage.write("a", b"new").await, storage.append("a", b"new").await, storage.write("b", b"new").await];
            with_full_disk(false);
            assert_eq!(results, [full("a"), full("a"), full("b")], "{kind}");
            assert_eq!(storage.read("a").await.as_deref(), Ok(&b"old"[..]), "{kind}");
            assert_eq!(storage.list().await.expect("it is there").len(), 1, "{kind}");
            storage.write("b", b"new").await.expect("there is room again");
        }
    }

    #[wasm_bindgen_test]
    async fn an_aborted_read_is_repeated_and_never_reported_as_a_loss() {
        let Ok(storage) = Storage::open_kind(StorageKind::PrivateFileSystem, "aborted").await else { return };
        storage.write("a", b"content").await.expect("there is room");
        with_aborted_reads(3);
        let read = storage.read("a").await;
        with_aborted_reads(u32::MAX);
        let never = storage.read("a").await;
        with_aborted_reads(0);
        assert_eq!(read.as_deref(), Ok(&b"content"[..]));
        assert_eq!(never, Err(StorageError::InUse { name: FileName::parse("a").expect("it is a name") }));
        assert_eq!(storage.read("a").await.as_deref(), Ok(&b"content"[..]), "it is still there");
    }

    #[wasm_bindgen_test]
    async fn an_unfinished_file_does_not_exist() {
        let Ok(storage) = Storage::open_kind(StorageKind::PrivateFileSystem, "unfinished").await else { return };
        let not_found = StorageError::NotFound { name: FileName::parse("a").expect("it is a name") };
        for _ in 0..2 {
            leave_unfinished("interleave-unfinished", "a").await.expect("there is room");
            assert_eq!(storage.read("a").await, Err(not_found.clone()));
            assert_eq!(storage.size("a").await, Err(not_found.clone()));
            assert_eq!(storage.list().await, Ok(vec![]));
            assert_eq!(storage.delete("a").await, Err(not_found.clone()));
            leave_unfinished("interleave-unfinished", "a").await.expect("there is room");
            storage.append("a", b"content").await.expect("there is room");
            assert_eq!(storage.read("a").await.as_deref(), Ok(&b"content"[..]));
            storage.delete_all().await.expect("it is there");
        }
    }

    #[wasm_bindgen_test]
    async fn the_best_available_storage_is_used() {
        let run = Run::in_browser(7);
        let best = every_kind("best").await[0].kind();
        assert_eq!(Storage::open(&run, "best").await.kind(), best);
        assert_ne!(best, StorageKind::Memory);
        without_files(true);
        let fallback = Storage::open(&run, "best").await;
        without_files(false);
        assert_eq!(fallback.kind(), StorageKind::IndexedDb, "a file system that cannot be written to is not used");
    }

    #[wasm_bindgen_test]
    async fn one_handle_reads_what_another_wrote() {
        for storage in every_kind("shared").await {
            let other = Storage::open_kind(storage.kind(), "shared").await.expect("it is there");
            let large = vec![1; 1_000_000];
            let both = futures::future::join(storage.write("a", &large), other.write("a", b"later")).await;
            assert_eq!(both, (Ok(()), Ok(())), "{}", storage.kind());
            assert_eq!(storage.read("a").await.as_deref(), Ok(&b"later"[..]), "{}", storage.kind());
        }
    }

    #[wasm_bindgen_test]
    async fn the_estimate_of_used_bytes_is_below_the_quota() {
        for storage in every_kind("room").await {
            storage.write("a", &vec![1; 100_000]).await.expect("there is room");
            let Some(estimate) = storage.estimate().await else { continue };
            assert!(estimate.used_bytes < estimate.quota_bytes, "{}: {estimate:?}", storage.kind());
        }
    }
}
