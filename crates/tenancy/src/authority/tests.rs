//! Who gets in, who does not, and how soon a change counts.

use super::*;
use crate::quota::Reserved;
use crate::{
    DatabaseId, DatabaseRecord, Grant, ISSUER, KeyRing, Limits, SigningKeyRecord, TokenId, TokenKind,
    TokenRecord, Usage, UserRecord, UserToken,
};

const NOW_MS: u64 = 1_800_000_000_000;
const STANDARD: &[u8] = b"example_token";
const PASSWORD: &[u8] = b"ann's password";

fn key() -> SigningKeyRecord {
    SigningKeyRecord::ed25519([9; 32], 1)
}

fn database() -> DatabaseRecord {
    DatabaseRecord {
        id: DatabaseId::from_bytes([1; 16]),
        name: "shop".into(),
        plan: "unlimited".into(),
        limits: Limits::UNLIMITED,
        created_ms: 0,
        epoch: 0,
        deleted: false,
    }
}

fn token(kind: TokenKind) -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([if kind == TokenKind::Signed { 2 } else { 3 }; 16]),
        database: database().id,
        kind,
        name: "api".into(),
        read_only: false,
        commands_per_day: None,
        created_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: 0,
    }
}

fn opaque() -> TokenRecord {
    token(TokenKind::Opaque(TokenDigest::of(STANDARD)))
}

fn signed() -> TokenRecord {
    token(TokenKind::Signed)
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        jti: signed().id,
        db: database().id,
        grant: Grant::ReadWrite,
        quota: None,
        iat: NOW_MS / 1_000,
        nbf: None,
        exp: None,
        epoch: 0,
    }
}

fn jwt(claims: &Claims) -> Vec<u8> {
    let key = SigningKey::from_record(&key()).unwrap();
    token::mint(&key, claims).unwrap().into_bytes()
}

fn user(rules: &str) -> UserRecord {
    UserRecord {
        id: TokenId::from_bytes([4; 16]),
        database: database().id,
        name: "ann".into(),
        rules: rules.into(),
        passwords: vec![TokenDigest::of(b"other"), TokenDigest::of(PASSWORD)],
        deleted: false,
    }
}

fn user_token(user: &str, password: &[u8]) -> Vec<u8> {
    UserToken { database: database().id, user: user.into(), password: password.into() }.text().into_bytes()
}

fn records() -> Records {
    Records {
        databases: vec![database()],
        tokens: vec![opaque(), signed()],
        users: vec![user("on +@read ~own:*")],
        keys: vec![key()],
    }
}

fn authority() -> Authority {
    Authority::new(&records()).unwrap()
}

/// Both kinds of token work, the change is applied, and then neither they nor a session that was open work any more.
#[track_caller]
fn ends_at_once(changes: &[Change], expected: &AuthError) {
    let (authority, jwt) = (authority(), jwt(&claims()));
    let sessions = [STANDARD, &jwt].map(|credential| authority.authenticate(credential, NOW_MS).unwrap());
    changes.iter().for_each(|change| authority.apply(change).unwrap());
    for (credential, session) in [STANDARD, &jwt].into_iter().zip(sessions) {
        assert!(authority.authenticate(credential, NOW_MS).is_err());
        assert!(authority.authenticate(credential, NOW_MS).is_err(), "nor the second time");
        assert_eq!(&session.standing(NOW_MS).unwrap_err(), expected);
    }
}

#[test]
fn both_kinds_of_token_open_their_database() {
    let authority = authority();
    for (credential, id) in [(STANDARD, opaque().id), (&jwt(&claims()), signed().id)] {
        for _ in 0..2 {
            let principal = authority.authenticate(credential, NOW_MS).unwrap();
            assert_eq!((principal.database(), principal.token()), (database().id, id));
            assert!(!principal.grants().read_only);
        }
    }
}

#[test]
fn a_signature_is_checked_once() {
    let (authority, jwt) = (authority(), jwt(&claims()));
    let first = authority.authenticate(&jwt, NOW_MS).unwrap();
    assert!(Arc::ptr_eq(&first, &authority.authenticate(&jwt, NOW_MS).unwrap()));
}

#[test]
fn strangers_are_refused() {
    let authority = authority();
    let long = [b'a'; TOKEN_BYTES_MAX + 1];
    let cases: [(&[u8], AuthError); 5] = [
        (b"", AuthError::Missing),
        (b"example_toke", AuthError::Unknown),
        (b"a.b.c", TokenError::Malformed.into()),
        (&long, TokenError::TooLong.into()),
        (&jwt(&Claims { jti: opaque().id, ..claims() }), AuthError::Unknown),
    ];
    for (credential, expected) in cases {
        assert_eq!(authority.authenticate(credential, NOW_MS).unwrap_err(), expected);
    }
    let elsewhere = jwt(&Claims { db: DatabaseId::from_bytes([7; 16]), ..claims() });
    assert_eq!(authority.authenticate(&elsewhere, NOW_MS).unwrap_err(), AuthError::WrongDatabase);
}

#[test]
fn the_clients_text_is_exact() {
    assert_eq!(
        AUTHENTICATION_REFUSED,
        "WRONGPASS invalid or missing auth token. See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details."
    );
}

#[test]
fn revocation_counts_at_once() {
    let revoked = |record| Change::Token(TokenRecord { revoked_at_ms: Some(NOW_MS), ..record });
    ends_at_once(&[revoked(opaque()), revoked(signed())], &AuthError::Revoked);
}

#[test]
fn a_token_that_another_process_deleted_is_revoked() {
    ends_at_once(&[Change::All(Records { tokens: vec![], ..records() })], &AuthError::Revoked);
}

#[test]
fn a_text_that_another_token_took_over_stays_its_own() {
    let authority = authority();
    let successor = TokenRecord { id: TokenId::from_bytes([9; 16]), ..opaque() };
    authority.apply(&Change::Token(successor.clone())).unwrap();
    let gone = TokenRecord { revoked_at_ms: Some(NOW_MS), ..opaque() };
    authority.apply(&Change::Token(gone)).unwrap();
    assert_eq!(authority.authenticate(STANDARD, NOW_MS).unwrap().token(), successor.id);
}

#[test]
fn a_reset_of_credentials_counts_at_once() {
    ends_at_once(&[Change::Database(DatabaseRecord { epoch: 1, ..database() })], &AuthError::StaleEpoch);
}

#[test]
fn a_deleted_database_has_no_tokens() {
    let deleted = DatabaseRecord { deleted: true, ..database() };
    ends_at_once(&[Change::Database(deleted)], &AuthError::DatabaseDeleted);
    ends_at_once(&[Change::All(Records { databases: vec![], ..records() })], &AuthError::DatabaseDeleted);
}

#[test]
fn a_retired_key_ends_the_tokens_it_signed() {
    let (authority, jwt) = (authority(), jwt(&claims()));
    let session = authority.authenticate(&jwt, NOW_MS).unwrap();
    let rotated = Records { keys: vec![SigningKeyRecord::ed25519([8; 32], 2)], ..records() };
    authority.apply(&Change::All(rotated)).unwrap();
    assert_eq!(session.standing(NOW_MS), Err(AuthError::RetiredKey));
    assert!(authority.authenticate(&jwt, NOW_MS).is_err());
    assert!(authority.authenticate(STANDARD, NOW_MS).is_ok());
}

#[test]
fn expiry_counts_for_remembered_tokens_too() {
    let (authority, jwt) = (authority(), jwt(&Claims { exp: Some(NOW_MS / 1_000 + 1), ..claims() }));
    assert_eq!(authority.authenticate(&jwt, NOW_MS).unwrap().expires_at_ms(), Some(NOW_MS + 1_000));
    assert_eq!(authority.authenticate(&jwt, NOW_MS + 1_000).unwrap_err(), AuthError::Expired);

    let expiring = TokenRecord { expires_at_ms: Some(NOW_MS + 5), ..opaque() };
    authority.apply(&Change::Token(expiring)).unwrap();
    assert!(authority.authenticate(STANDARD, NOW_MS + 4).is_ok());
    assert_eq!(authority.authenticate(STANDARD, NOW_MS + 5).unwrap_err(), AuthError::Expired);
}

#[test]
fn a_record_can_take_away_but_not_add() {
    let (authority, read_only) = (authority(), jwt(&Claims { grant: Grant::ReadOnly, ..claims() }));
    assert!(authority.authenticate(&read_only, NOW_MS).unwrap().grants().read_only);

    let session = authority.authenticate(STANDARD, NOW_MS).unwrap();
    authority.apply(&Change::Token(TokenRecord { read_only: true, ..opaque() })).unwrap();
    assert!(session.grants().read_only);
}

#[test]
fn the_smaller_of_the_recorded_and_the_signed_quota_holds() {
    let (authority, jwt) = (authority(), jwt(&Claims { quota: Some(50), ..claims() }));
    let limit = || authority.authenticate(&jwt, NOW_MS).unwrap().allowance().snapshot(NOW_MS).unwrap().limit;
    assert_eq!(limit(), 50);
    authority.apply(&Change::Token(TokenRecord { commands_per_day: Some(20), ..signed() })).unwrap();
    assert_eq!(limit(), 20);
    authority.apply(&Change::Token(TokenRecord { commands_per_day: Some(90), ..signed() })).unwrap();
    assert_eq!(limit(), 50);
}

#[test]
fn a_changed_plan_reaches_a_session_that_is_open() {
    let authority = authority();
    let session = authority.authenticate(STANDARD, NOW_MS).unwrap();
    let limits = Limits { commands_per_day: Some(0), key_bytes_max: 9, ..Limits::UNLIMITED };
    authority.apply(&Change::Database(DatabaseRecord { limits, ..database() })).unwrap();
    assert_eq!(session.limits(), limits);
    assert!(matches!(session.allowance().reserve_all(1, NOW_MS), Reserved::Exhausted(_)));
}

#[test]
fn usage_of_a_revoked_token_is_still_collected() {
    let authority = authority();
    let session = authority.authenticate(STANDARD, NOW_MS).unwrap();
    let gone = Change::Token(TokenRecord { revoked_at_ms: Some(NOW_MS), ..opaque() });
    authority.apply(&gone).unwrap();
    let one = Usage { commands: 1, ..Usage::default() };
    for _ in 0..2 {
        session.usage().add(one);
        let expected = UsageRecord { database: database().id, token: opaque().id, usage: one };
        assert_eq!(authority.take_usage(), [expected]);
    }
    drop(session);
    assert_eq!(authority.take_usage(), []);
    assert_eq!(authority.take_usage(), []);
}

#[test]
fn shutdown_returns_what_was_admitted_without_a_limit() {
    let authority = authority();
    let session = authority.authenticate(STANDARD, NOW_MS).unwrap();
    assert!(matches!(session.allowance().reserve_all(7, NOW_MS), Reserved::Granted { .. }));
    let mut returned = authority.close_meters();
    returned.sort_by_key(|one| one.scope);
    assert_eq!(returned.iter().map(|one| (one.unused, one.spent)).collect::<Vec<_>>(), [(0, 7), (0, 7)]);
    assert_eq!(authority.close_meters(), []);
}

#[test]
fn the_signing_key_is_the_rings() {
    let kid = KeyRing::from_records(&[key()]).unwrap().signing().unwrap().kid().to_owned();
    assert_eq!(authority().signing_key().unwrap().kid(), kid);
}

#[test]
fn a_user_comes_with_a_token_that_wraps_its_password() {
    let authority = authority();
    for _ in 0..2 {
        let ann = authority.authenticate(&user_token("ann", PASSWORD), NOW_MS).unwrap();
        assert_eq!((ann.user_name(), ann.database(), ann.token()), ("ann", database().id, user("").id));
        assert!(ann.grants().permissions().is_some_and(|ann| !ann.allows_key(b"other")));
    }
    let standard = authority.authenticate(STANDARD, NOW_MS).unwrap();
    assert_eq!((standard.user_name(), standard.grants().permissions()), ("default", None));
    for wrong in [user_token("ann", b"wrong"), user_token("bob", PASSWORD), PASSWORD.to_vec()] {
        assert_eq!(
            authority.authenticate(&wrong, NOW_MS).unwrap_err(),
            match UserToken::parse(&wrong) {
                Some(token) if token.user == "ann" => AuthError::Revoked,
                _ => AuthError::Unknown,
            }
        );
    }
}

#[test]
fn a_change_of_a_user_counts_at_once() {
    let (authority, token) = (authority(), user_token("ann", PASSWORD));
    let session = authority.authenticate(&token, NOW_MS).unwrap();
    let change = |record: UserRecord| authority.apply(&Change::User(record)).unwrap();
    let allows = |principal: &Principal, key: &[u8]| {
        principal.grants().permissions().is_some_and(|permissions| permissions.allows_key(key))
    };
    assert!(allows(&session, b"own:1"));
    change(user("on +@read ~new:*"));
    assert!(!allows(&session, b"own:1") && allows(&session, b"new:1"));
    change(user("off +@read ~new:*"));
    assert_eq!(session.standing(NOW_MS), Err(AuthError::UserOff));
    assert_eq!(authority.authenticate(&token, NOW_MS).unwrap_err(), AuthError::UserOff);
    change(UserRecord { passwords: vec![TokenDigest::of(b"other")], ..user("on") });
    assert_eq!(session.standing(NOW_MS), Err(AuthError::Revoked));
    assert!(authority.authenticate(&user_token("ann", b"other"), NOW_MS).is_ok());
    change(user("on"));
    assert_eq!(session.standing(NOW_MS), Ok(()));
    change(UserRecord { deleted: true, ..user("on") });
    assert_eq!(session.standing(NOW_MS), Err(AuthError::Revoked));
    assert_eq!(authority.authenticate(&token, NOW_MS).unwrap_err(), AuthError::Unknown);
    assert_eq!(authority.users(database().id), []);
}

/// Somebody who was that user before is not the new one; the same token is.
#[test]
fn a_user_made_anew_is_another() {
    let (authority, token) = (authority(), user_token("ann", PASSWORD));
    let session = authority.authenticate(&token, NOW_MS).unwrap();
    let anew = UserRecord { id: TokenId::from_bytes([5; 16]), ..user("on") };
    authority.apply(&Change::All(Records { users: vec![anew.clone()], ..records() })).unwrap();
    assert_eq!(session.standing(NOW_MS), Err(AuthError::Revoked));
    assert_eq!(authority.authenticate(&token, NOW_MS).unwrap().token(), anew.id);
    authority.apply(&Change::All(Records { users: vec![], ..records() })).unwrap();
    assert_eq!(authority.authenticate(&token, NOW_MS).unwrap_err(), AuthError::Unknown);
}

#[test]
fn a_user_is_named_alone_with_a_token_and_with_its_database_otherwise() {
    let authority = authority();
    let token = user_token("ann", PASSWORD);
    let who = |user: &str, password: &[u8]| {
        let user = Some(user.as_bytes());
        let principal = authority.log_in(Credentials { database: None, user, password }, NOW_MS);
        principal.map(|principal| principal.user_name().to_owned())
    };
    for (user, password) in [("ann", &token[..]), ("ann@shop", &token), ("ann@shop", PASSWORD)] {
        assert_eq!(who(user, password).as_deref(), Ok("ann"), "{user}");
    }
    for (user, password) in
        [("ann", PASSWORD), ("ann@other", PASSWORD), ("ann@shop", b"x"), ("@shop", PASSWORD)]
    {
        assert_eq!(who(user, password), Err(AuthError::Unknown), "{user}");
    }
    for user in ["default", "default@shop"] {
        assert_eq!(who(user, STANDARD).as_deref(), Ok("default"), "{user}");
        assert_eq!(who(user, &token), Err(AuthError::WrongUser), "{user}");
    }
    assert_eq!(who("default@other", STANDARD), Err(AuthError::WrongUser));
    let renamed = DatabaseRecord { name: "store".into(), ..database() };
    authority.apply(&Change::Database(renamed)).unwrap();
    assert_eq!(who("ann@store", PASSWORD).as_deref(), Ok("ann"));
    assert!(who("ann@shop", PASSWORD).is_err());
}

#[test]
fn where_a_database_is_asked_for_nobody_gets_into_another() {
    let authority = authority();
    let other = DatabaseId::from_bytes([7; 16]);
    // Its name is the id of another: that does not take anything from the other.
    let named_like_an_id = DatabaseRecord { id: other, name: database().id.to_string(), ..database() };
    authority.apply(&Change::Database(named_like_an_id)).unwrap();
    let token = user_token("ann", PASSWORD);
    let id = database().id.to_string();
    let who = |name: &str, user: Option<&str>, password: &[u8]| {
        let credentials = Credentials { database: Some(name), user: user.map(str::as_bytes), password };
        authority.log_in(credentials, NOW_MS).map(|principal| principal.user_name().to_owned())
    };
    for name in ["shop", &id] {
        for user in ["ann", "ann@shop"] {
            assert_eq!(who(name, Some(user), PASSWORD).as_deref(), Ok("ann"), "{user} at {name}");
            assert_eq!(who(name, Some(user), &token).as_deref(), Ok("ann"), "{user} at {name}");
        }
        assert_eq!(who(name, None, STANDARD).as_deref(), Ok("default"));
        assert_eq!(who(name, Some("default"), STANDARD).as_deref(), Ok("default"));
        for (user, password) in
            [(Some("bob"), PASSWORD), (Some("ann"), b"x"), (Some("ann@other"), PASSWORD), (None, PASSWORD)]
        {
            assert_eq!(who(name, user, password), Err(AuthError::Unknown), "{user:?} at {name}");
        }
    }
    let elsewhere = other.to_string();
    assert_eq!(who(&elsewhere, Some("ann"), PASSWORD), Err(AuthError::Unknown));
    for (user, password) in
        [(Some("ann@shop"), PASSWORD), (Some("ann"), &token), (None, &token), (None, STANDARD)]
    {
        assert_eq!(who(&elsewhere, user, password), Err(AuthError::OtherDatabase), "{user:?}");
    }
    for name in ["nowhere", "Shop", ""] {
        assert_eq!(who(name, None, STANDARD), Err(AuthError::NoDatabase), "{name}");
    }
    authority.apply(&Change::Database(DatabaseRecord { deleted: true, ..database() })).unwrap();
    assert_eq!(who("shop", Some("ann"), PASSWORD), Err(AuthError::NoDatabase));
}

/// A user may have a name that looks like one with its database.
#[test]
fn where_a_database_is_asked_for_a_name_with_an_at_sign_is_first_its_own() {
    let authority = authority();
    let odd = UserRecord { id: TokenId::from_bytes([6; 16]), name: "bob@shop".into(), ..user("on") };
    authority.apply(&Change::User(odd)).unwrap();
    let credentials = Credentials { database: Some("shop"), user: Some(b"bob@shop"), password: PASSWORD };
    assert_eq!(authority.log_in(credentials, NOW_MS).unwrap().user_name(), "bob@shop");
    let nowhere = Credentials { database: None, ..credentials };
    assert_eq!(authority.log_in(nowhere, NOW_MS).unwrap_err(), AuthError::Unknown);
}

#[test]
fn what_a_user_uses_is_counted_as_its_own() {
    let authority = authority();
    let ann = authority.authenticate(&user_token("ann", PASSWORD), NOW_MS).unwrap();
    let usage = Usage { commands: 3, ..Usage::default() };
    ann.usage().add(usage);
    let expected = UsageRecord { database: database().id, token: user("").id, usage };
    assert_eq!(authority.take_usage(), [expected]);
    ann.usage().add(usage);
    authority.apply(&Change::User(UserRecord { deleted: true, ..user("on") })).unwrap();
    assert_eq!(authority.take_usage(), [expected], "also after it was deleted");
}
