//! The backend that keeps databases in this process.
