//! strict_mode
