mod message;

pub use message::{Admin, Bootstrap, LayeredRuntime, RuntimeLayer, StaticResources};
