//! Istio's, Gateway API's and Kubernetes' kinds as values, each knowing where it was written.
//!
//! Reading is silent: what is not there, or of the wrong type, is absent. What is illegal is the business of `schema`.

pub mod authorization;
pub mod destination_rule;
pub mod gateway_api;
pub mod kubernetes;
pub mod label_selector;
pub mod mesh_config;
pub mod networking;
mod object;
mod read;
pub mod security;
mod texts;
pub mod virtual_service;

pub use object::{Kind, Meta, Object, Resources, Scope, kind_of, objects, reference};
pub use read::{Bool, Field, Float, Int, IntOrStr, Labels, Located, Map, Message, Read, Str};
pub use texts::{TextWriter, Texts};
