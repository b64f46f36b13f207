//! Users on their way into a backup, or from one, where PHP may hold tabs in memcached.

use super::listing::Listing;
use super::{Cached, tabs};
use crate::storage::{Carry, Give, Load, Portable, StorageResult, not_portable};
use crate::sync::{Timestamp, UserId};

impl Cached {
    fn inner(&self) -> StorageResult<&dyn Portable> {
        self.shared.inner.portable().ok_or_else(not_portable)
    }
}

impl Portable for Cached {
    fn users(&self) -> StorageResult<Vec<UserId>> {
        self.inner()?.users()
    }

    fn walk(&self, user: UserId, carry: Carry<'_>) -> StorageResult<Timestamp> {
        tabs::absorb(&self.shared, user, &Listing::look(&self.shared, user))?;
        self.inner()?.walk(user, carry)
    }

    fn take_in(
        &self,
        user: UserId,
        load: &Load<'_>,
        give: Give<'_>,
    ) -> StorageResult<Option<Timestamp>> {
        // Before, so that what PHP holds now counts as what is here; after, so that it is not
        // absorbed again, and PHP reads the new times.
        tabs::absorb(&self.shared, user, &Listing::look(&self.shared, user))?;
        let time = self.inner()?.take_in(user, load, give)?;
        if time.is_some() {
            self.shared.forget(user);
        }
        Ok(time)
    }
}
