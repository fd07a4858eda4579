//! The browser's database, for browsers without a writable private file system (<https://www.w3.org/TR/IndexedDB/>).
//!
//! A folder is a database with two stores: the contents by name, and their sizes, so that listing the files does not
//! read their contents. A change is one transaction over both stores. It counts as done only when the browser reports
//! that the transaction is complete, because a full disk may be noticed as late as that. Each transaction is committed as
//! soon as its requests are made (a change: as soon as they are done): on a busy machine, WebKit sometimes never commits one by itself, and every later change
//! waits for it.

use std::pin::pin;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, try_join};
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode,
};

use crate::storage::backend::{Backend, BackendFuture, FolderEntry, WriteMode};
use crate::storage::web::{
    Caller, copied, error_of, estimate, joined, property, run_to_completion, title, unless_caller_dropped,
};
use crate::storage::{FileName, StorageError, StorageEstimate, StorageKind, WriteGuard};

const CONTENTS: &str = "contents";
const SIZES: &str = "sizes";

/// A folder in the database. Dropping it closes the connection.
pub(super) struct IndexedDb {
    database: IdbDatabase,
    _on_version_change: Closure<dyn FnMut()>,
}

impl IndexedDb {
    /// Opens a folder, or creates it.
    pub(super) async fn open(folder: &str) -> Result<Self, StorageError> {
        let missing = || StorageError::Unsupported { kind: StorageKind::IndexedDb };
        let factory = property(&js_sys::global(), "indexedDB").ok_or_else(missing)?;
        let factory: IdbFactory = factory.unchecked_into();
        let title = title(folder);
        // An open connection that nothing owns would block the deletion of the database.
        run_to_completion(async move |_: &mut Caller<Self>| match connect(&factory, &title).await {
            Ok(database) => Ok(Self::watch(database)),
            Err(thrown) => Err(error_of(&thrown, None)),
        })
        .await
    }

    /// Closes the connection when the database is about to be deleted. Every later use of it then fails.
    fn watch(database: IdbDatabase) -> Self {
        let connection = database.clone();
        let on_version_change = Closure::new(move || connection.close());
        database.set_onversionchange(Some(on_version_change.as_ref().unchecked_ref()));
        Self { database, _on_version_change: on_version_change }
    }

    /// Makes a request that only reads.
    async fn query(
        &self,
        store: &str,
        request: impl FnOnce(&IdbObjectStore) -> RequestResult,
    ) -> Result<JsValue, JsValue> {
        let transaction = self.database.transaction_with_str(store)?;
        let result = result_of(request(&transaction.object_store(store)?)?);
        commit(&transaction)?;
        result.await
    }

    /// The value in a store under a name.
    async fn get(&self, store: &str, name: &FileName) -> Result<JsValue, StorageError> {
        let found = self.query(store, |store| store.get(&JsValue::from_str(name.as_str()))).await;
        let found = found.map_err(|thrown| error_of(&thrown, Some(name)))?;
        if found.is_undefined() { Err(StorageError::NotFound { name: name.clone() }) } else { Ok(found) }
    }

    async fn entries(&self) -> Result<Vec<FolderEntry>, JsValue> {
        let transaction = self.database.transaction_with_str(SIZES)?;
        let store = transaction.object_store(SIZES)?;
        // Both requests are made at once, so that nothing can change in between.
        let (names, sizes) = (result_of(store.get_all_keys()?), result_of(store.get_all()?));
        commit(&transaction)?;
        let (names, sizes) = try_join(names, sizes).await?;
        let (names, sizes): (Array, Array) = (names.unchecked_into(), sizes.unchecked_into());
        let found = names.iter().zip(sizes.iter()).filter_map(|(name, size)| {
            Some((FileName::parse(&name.as_string()?).ok()?, size.as_f64().map(|bytes| bytes as u64)))
        });
        Ok(found.collect())
    }
}

impl Drop for IndexedDb {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
        // Transactions in progress are still completed.
        self.database.close();
    }
}

impl Backend for IndexedDb {
    fn kind(&self) -> StorageKind {
        StorageKind::IndexedDb
    }

    fn read<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, Vec<u8>> {
        async {
            let found = self.get(CONTENTS, name).await?;
            // `put` stores such arrays, and each result is a separate copy.
            let content = found.dyn_into().unwrap_or_else(|other| Uint8Array::new(&other));
            Ok(copied(&content).await)
        }
        .boxed_local()
    }

    fn write<'a>(&'a self, guard: WriteGuard, bytes: &'a [u8], mode: WriteMode) -> BackendFuture<'a, ()> {
        let (database, bytes) = (self.database.clone(), Uint8Array::from(bytes));
        run_to_completion(async move |caller: &mut Caller<()>| {
            let put = put(&database, guard.name(), bytes, mode, caller).await;
            put.map_err(|thrown| error_of(&thrown, Some(guard.name())))
        })
        .boxed_local()
    }

    fn delete(&self, guard: WriteGuard) -> BackendFuture<'_, ()> {
        async move {
            let database = self.database.clone();
            self.get(SIZES, guard.name()).await?;
            run_to_completion(async move |caller: &mut Caller<()>| {
                let removed = remove(&database, guard.name(), caller).await;
                removed.map_err(|thrown| error_of(&thrown, Some(guard.name())))
            })
            .await
        }
        .boxed_local()
    }

    fn size<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, u64> {
        async { Ok(self.get(SIZES, name).await?.as_f64().unwrap_or_default() as u64) }.boxed_local()
    }

    fn list(&self) -> BackendFuture<'_, Vec<FolderEntry>> {
        async { self.entries().await.map_err(|thrown| error_of(&thrown, None)) }.boxed_local()
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<StorageEstimate>> {
        estimate().boxed_local()
    }
}

/// A request, or the error that the browser threw.
type RequestResult = Result<IdbRequest, JsValue>;

async fn connect(factory: &IdbFactory, title: &str) -> Result<IdbDatabase, JsValue> {
    let request = factory.open(title)?;
    let make_stores = Closure::<dyn FnMut(Event)>::new(|event: Event| {
        let request = event.target().and_then(|target| target.dyn_into::<IdbOpenDbRequest>().ok());
        let Some(Ok(database)) = request.map(|request| request.result()) else { return };
        let database: IdbDatabase = database.unchecked_into();
        for store in [CONTENTS, SIZES] {
            // If a store is missing, the first request fails and reports that.
            let _ = database.create_object_store(store);
        }
    });
    request.set_onupgradeneeded(Some(make_stores.as_ref().unchecked_ref()));
    Ok(result_of(request.unchecked_into()).await?.unchecked_into())
}

/// Ends a transaction whose requests are all made. It does not wait for them.
#[expect(
    deprecated,
    reason = "web-sys follows an old draft; the method is in the standard, and in all browsers since 2021"
)]
fn commit(transaction: &IdbTransaction) -> Result<(), JsValue> {
    transaction.commit()
}

/// Waits for the result of a request. It listens from the start, because a result is reported only once.
fn result_of(request: IdbRequest) -> impl Future<Output = Result<JsValue, JsValue>> {
    let promise = Promise::new(&mut |succeed, fail| {
        request.set_onsuccess(Some(&succeed));
        request.set_onerror(Some(&fail));
    });
    let end = JsFuture::from(promise);
    async move {
        match end.await {
            Ok(_) => request.result(),
            Err(_) => Err(request.error()?.map_or(JsValue::NULL, JsValue::from)),
        }
    }
}

/// A transaction over both stores, and the promise of its end. Dropping it before it has ended rolls it back.
struct WriteTransaction {
    transaction: IdbTransaction,
    end: JsFuture,
    contents: IdbObjectStore,
    sizes: IdbObjectStore,
}

impl WriteTransaction {
    fn begin(database: &IdbDatabase) -> Result<Self, JsValue> {
        let stores = Array::of2(&CONTENTS.into(), &SIZES.into());
        let transaction = database.transaction_with_str_sequence_and_mode(&stores, IdbTransactionMode::Readwrite)?;
        let end = Promise::new(&mut |succeed, fail| {
            transaction.set_oncomplete(Some(&succeed));
            transaction.set_onabort(Some(&fail));
        });
        let (contents, sizes) = (transaction.object_store(CONTENTS)?, transaction.object_store(SIZES)?);
        Ok(Self { transaction, end: end.into(), contents, sizes })
    }

    /// Waits until the transaction is complete, or aborts it if the caller is dropped. `last` is its last request.
    async fn end(mut self, last: IdbRequest, caller: &mut Caller<()>) -> Result<(), JsValue> {
        // Until then, a dropped caller can still roll it back.
        if let Ok(true) = unless_caller_dropped(pin!(result_of(last)), caller).await {
            // It may have been committed by itself.
            let _ = commit(&self.transaction);
        }
        let mut end = unless_caller_dropped(&mut self.end, caller).await;
        if matches!(end, Ok(false)) {
            self.abort();
            end = (&mut self.end).await.map(|_| true);
        }
        // After an abort of our own there is no error, and no caller to report it to.
        end.map(drop).map_err(|_| self.transaction.error().map_or(JsValue::NULL, JsValue::from))
    }

    fn abort(&self) {
        // This fails if the transaction is already complete, which is fine.
        let _ = self.transaction.abort();
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        self.abort();
    }
}

async fn put(
    database: &IdbDatabase,
    name: &FileName,
    bytes: Uint8Array,
    mode: WriteMode,
    caller: &mut Caller<()>,
) -> Result<(), JsValue> {
    let change = WriteTransaction::begin(database)?;
    let key = JsValue::from_str(name.as_str());
    let old = match mode {
        WriteMode::Replace => None,
        WriteMode::Append => result_of(change.contents.get(&key)?).await?.dyn_into().ok(),
    };
    let content = old.map_or(bytes.clone(), |old| joined(&old, &bytes));
    change.contents.put_with_key(&content, &key)?;
    let last = change.sizes.put_with_key(&content.length().into(), &key)?;
    change.end(last, caller).await
}

async fn remove(database: &IdbDatabase, name: &FileName, caller: &mut Caller<()>) -> Result<(), JsValue> {
    let change = WriteTransaction::begin(database)?;
    let key = JsValue::from_str(name.as_str());
    change.contents.delete(&key)?;
    let last = change.sizes.delete(&key)?;
    change.end(last, caller).await
}
