//! Keys that the configuration does not have, but says where they are.

use std::sync::{PoisonError, RwLock};

use crate::envoy::jwt::RemoteJwks;

use super::keys::Keys;
use super::refusal::Refusal;
use super::token::Token;

/// Who executes the configuration brings them. Until then no token is valid.
#[derive(Debug)]
pub struct AbsentKeys {
    pub place: KeyPlace,
    keys: RwLock<Option<Keys>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum KeyPlace {
    File(String),
    Server(RemoteJwks),
}

impl AbsentKeys {
    pub(super) fn new(place: KeyPlace) -> Self {
        Self { place, keys: RwLock::default() }
    }

    /// Whether the text has keys that can be used; if not, those that were there before stay.
    pub fn bring(&self, text: &str) -> bool {
        let keys = Keys::parse(text);
        let is_usable = keys.is_some();
        if is_usable {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        is_usable
    }

    /// What is known at another place of the same keys.
    pub fn take_over(&self, other: &Self) {
        let known = other.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    pub(super) fn verify(&self, token: &Token) -> Result<(), Refusal> {
        match &*self.keys.read().unwrap_or_else(PoisonError::into_inner) {
            Some(keys) => keys.verify(token),
            None => Err(Refusal::NOT_FETCHED),
        }
    }
}
