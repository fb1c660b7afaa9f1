//! Matching on the kind of a database, a connection or a pooled connection. Exported macros expand in
//! the app's crate, which does not know the library's features, so there is one definition for each
//! combination of them.

#[cfg(all(feature = "sqlite", feature = "postgres"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __match_database {
    ($($of:tt)::+, $value:expr, $inner:ident => $code:expr) => {
        match $value {
            $($of)::+::Sqlite($inner) => $code,
            $($of)::+::Postgres($inner) => $code,
        }
    };
}

#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __match_database {
    ($($of:tt)::+, $value:expr, $inner:ident => $code:expr) => {
        match $value {
            $($of)::+::Sqlite($inner) => $code,
        }
    };
}

#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __match_database {
    ($($of:tt)::+, $value:expr, $inner:ident => $code:expr) => {
        match $value {
            $($of)::+::Postgres($inner) => $code,
        }
    };
}
