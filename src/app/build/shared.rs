//! Engines that several hosts have in common: those whose settings are equal are one.

use crate::config::Config;

/// What was made already, by the settings that it was made from.
pub struct Shared<T>(Vec<(Config, T)>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared(Vec::new())
    }
}

impl<T: Clone> Shared<T> {
    /// The one that was made from these settings, or one that is made now. `about` holds defaults
    /// wherever a setting makes no difference.
    pub fn get(
        &mut self,
        about: Config,
        make: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        if let Some((_, made)) = self.0.iter().find(|(settings, _)| *settings == about) {
            return Ok(made.clone());
        }
        let made = make()?;
        self.0.push((about, made.clone()));
        Ok(made)
    }

    /// All that were made.
    pub fn all(self) -> Vec<T> {
        self.0.into_iter().map(|(_, made)| made).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn equal_settings_make_one_engine() {
        let mut shared = Shared::default();
        let mut other = Config::default();
        other.mysql_write.host = "b".into();
        let mut get = |config: &Config| shared.get(config.clone(), || Ok(Arc::new(()))).unwrap();
        let (one, two, three) = (
            get(&Config::default()),
            get(&other),
            get(&Config::default()),
        );
        assert!(Arc::ptr_eq(&one, &three) && !Arc::ptr_eq(&one, &two));
    }
}
