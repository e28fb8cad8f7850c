//! stub
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duration(u64);
impl Duration {
    pub fn parse(_: &str) -> Result<Self, String> {
        Ok(Duration(0))
    }
}
pub fn has_placeholder(text: &str) -> bool {
    text.contains("${") || text.contains("$(")
}
