//! Writes and deletions as scripts: what is there is looked at and changed in one step.

use bytes::Bytes;

use crate::components::redis::{Call, Repeat, Script};
use crate::components::state::{Concurrency, Delete, Error, Set};

/// One or several changes, one after the other; none is made when one is refused. Per key there are five
/// arguments: `set` or `del`, the expected version (`0`: any), the value, `1` to mark the key as written first,
/// and the seconds to live (empty: as it is; 0 or less: for ever). Answers 0, or the number of the change that
/// was refused.
///
/// The first loop decides with what the key will hold by then, the second one writes.
const CHANGES: &str = r"
local held = {}
local versions = {}
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 5
  local now = held[key]
  if not now then
    local found = redis.pcall('HMGET', key, 'version', 'first-write')
    if found.err then
      now = {version = '', foreign = true}
    else
      now = {version = found[1] or '', first = found[2]}
    end
    held[key] = now
  end
  local wanted = ARGV[at + 2]
  if now.version ~= '' and now.version ~= wanted then
    local set = ARGV[at + 1] == 'set'
    if wanted ~= '0' or (set and now.first) then
      return i
    end
  end
  if ARGV[at + 1] == 'set' then
    now.version = string.format('%.0f', (tonumber(now.version) or 0) + 1)
    now.first = now.first or ARGV[at + 4] == '1'
    versions[i] = now.version
  else
    now.version = ''
    now.first = false
  end
end
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 5
  if ARGV[at + 1] == 'set' then
    if held[key].foreign then
      redis.call('DEL', key)
      held[key].foreign = false
    end
    if ARGV[at + 4] == '1' then
      redis.call('HSET', key, 'data', ARGV[at + 3], 'version', versions[i], 'first-write', '0')
    else
      redis.call('HSET', key, 'data', ARGV[at + 3], 'version', versions[i])
    end
    local ttl = ARGV[at + 5]
    if ttl ~= '' then
      if tonumber(ttl) > 0 then
        redis.call('EXPIRE', key, ttl)
      else
        redis.call('PERSIST', key)
      end
    end
  else
    redis.call('DEL', key)
  end
end
return 0
";

/// A checked write or deletion.
pub struct Change {
    key: String,
    /// The version that the key must have, if it has one; 0 for any.
    expected: String,
    /// Whether the caller gave an etag.
    conditional: bool,
    /// `None` for a deletion.
    write: Option<Write>,
}

struct Write {
    value: Bytes,
    /// First-write concurrency.
    first: bool,
    /// Whether the key is marked as written first.
    mark: bool,
    ttl: String,
}

impl Change {
    /// A write. In a transaction keys are not marked.
    pub fn set(request: Set, ttl: Option<i64>, in_transaction: bool) -> Result<Self, Error> {
        let etag = request.etag.filter(|etag| !etag.is_empty());
        let conditional = etag.is_some();
        // With last-write concurrency the etag counts for nothing, but it has to be one.
        let version = etag.as_deref().map(version).transpose()?;
        let version = version.filter(|_| request.concurrency != Concurrency::LastWrite);
        let first = request.concurrency == Concurrency::FirstWrite;
        Ok(Self {
            key: request.key,
            expected: version.unwrap_or_else(|| "0".into()),
            conditional,
            write: Some(Write {
                value: request.value,
                first,
                mark: first && !in_transaction,
                ttl: ttl.map(|seconds| seconds.to_string()).unwrap_or_default(),
            }),
        })
    }

    /// A deletion.
    pub fn delete(request: Delete) -> Self {
        let etag = request.etag.filter(|etag| !etag.is_empty());
        Self {
            key: request.key,
            conditional: etag.is_some(),
            expected: etag.unwrap_or_else(|| "0".into()),
            write: None,
        }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is a deletion that nothing can refuse.
    pub fn is_plain_delete(&self) -> bool {
        self.write.is_none() && self.expected == "0"
    }

    /// A second write of the same value does no harm; one with a condition would be refused.
    pub fn repeat(&self) -> Repeat {
        let first = self.write.as_ref().is_some_and(|write| write.first);
        if self.expected == "0" && !first { Repeat::Harmless } else { Repeat::Never }
    }

    /// Why the server has not made it.
    pub fn refusal(&self) -> Error {
        let what = if self.write.is_some() { "set key" } else { "delete" };
        let text = format!("failed to {what} {}", self.key);
        if self.conditional { Error::EtagMismatch(text) } else { Error::Other(text) }
    }

    fn arguments(&self) -> [&[u8]; 5] {
        match &self.write {
            Some(write) => {
                let mark: &[u8] = if write.mark { b"1" } else { b"" };
                [b"set", self.expected.as_bytes(), &write.value, mark, write.ttl.as_bytes()]
            }
            None => [b"del", self.expected.as_bytes(), b"", b"", b""],
        }
    }
}

/// An etag as the server's version.
fn version(etag: &str) -> Result<String, Error> {
    let number = super::parse_integer("Atoi", etag).map_err(Error::EtagInvalid)?;
    Ok(number.to_string())
}

/// The scripts of this store.
pub struct Scripts {
    changes: Script,
}

impl Scripts {
    pub fn new() -> Self {
        Self { changes: Script::new(CHANGES) }
    }

    /// One change.
    pub fn change<'a>(&'a self, change: &'a Change) -> Call<'a> {
        self.changes.call(&[change.key.as_bytes()], &change.arguments())
    }

    /// All of these changes or none.
    pub fn changes<'a>(&'a self, changes: &'a [Change]) -> Call<'a> {
        let keys: Vec<&[u8]> = changes.iter().map(|change| change.key.as_bytes()).collect();
        let arguments: Vec<&[u8]> = changes.iter().flat_map(Change::arguments).collect();
        self.changes.call(&keys, &arguments)
    }
}
