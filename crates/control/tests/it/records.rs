//! Databases, tokens, keys and usage: what is stored is found again.

use latchkey_control::{Control, ControlError, HOURS_KEPT, Span, USERS_MAX};
use latchkey_tenancy::{
    DatabaseId, Durability, Limits, Plan, Records, TokenId, Usage, UsageRecord, UserChange, UserError,
    UserRecord, UserStore,
};

use crate::support::{NOW_MS, database, directory, key, put_user, server, token, user, wait_for};

const HOUR_MS: u64 = 3_600_000;

#[test]
fn everything_survives_a_reopen() {
    let directory = directory();
    let limited = Limits {
        commands_per_day: Some(7),
        stored_bytes_max: Some(8),
        eviction: true,
        durability: Durability::EverySecond,
        ..Limits::UNLIMITED
    };
    let mut kept = database(1);
    {
        let control = server(directory.path());
        control.create_database(kept.clone()).wait().unwrap();
        control.create_token(token(2, &kept)).wait().unwrap();
        control.add_key(key(3)).wait().unwrap();
        put_user(&control, &user(4, &kept)).unwrap();
        kept = control.set_plan(kept.id, Plan::named("tiny", limited)).wait().unwrap();
    }
    assert_eq!((kept.plan.as_str(), kept.limits), ("tiny", limited));
    let expected = Records {
        databases: vec![kept.clone()],
        tokens: vec![token(2, &kept)],
        users: vec![user(4, &kept)],
        keys: vec![key(3)],
    };
    assert_eq!(server(directory.path()).records().wait().unwrap(), expected);
}

#[test]
fn what_was_acknowledged_is_there_after_a_power_cut() {
    let directory = directory();
    let control = server(directory.path());
    control.create_database(database(1)).wait().unwrap();
    let image = crate::support::power_cut(directory.path());
    assert_eq!(server(image.path()).databases().wait().unwrap(), [database(1)]);
}

#[test]
fn a_name_is_taken_until_its_database_is_deleted() {
    let control = Control::ephemeral().unwrap();
    let (first, mut second) = (database(1), database(2));
    second.name.clone_from(&first.name);
    control.create_database(first.clone()).wait().unwrap();
    assert_eq!(
        control.create_database(second.clone()).wait(),
        Err(ControlError::NameTaken(first.name.clone()))
    );
    assert!(control.delete_database(first.id).wait().unwrap().deleted);
    assert_eq!(control.deleted_databases().wait().unwrap(), [first.id]);
    control.create_database(second.clone()).wait().unwrap();
    assert_eq!(control.database_named(second.name.clone()).wait().unwrap(), Some(second));
    assert_eq!(control.database(first.id).wait(), Err(ControlError::NoSuchDatabase));
    assert!(control.create_database(first).wait().is_err(), "an id is never used again");
}

/// Operations that queue together share a transaction; the one that fails is the only one undone.
#[test]
fn one_failure_does_not_undo_its_neighbours() {
    let control = Control::ephemeral().unwrap();
    let mut twin = database(2);
    twin.name = database(1).name;
    let all = [database(1), twin.clone(), database(3)].map(|record| control.create_database(record));
    let outcomes = all.map(|pending| pending.wait().map(|record| record.id));
    assert_eq!(outcomes, [Ok(database(1).id), Err(ControlError::NameTaken(twin.name)), Ok(database(3).id)]);
    assert_eq!(control.databases().wait().unwrap(), [database(1), database(3)]);
}

#[test]
fn a_token_needs_a_living_database() {
    let control = Control::ephemeral().unwrap();
    let orphan = token(2, &database(1));
    assert_eq!(control.create_token(orphan.clone()).wait(), Err(ControlError::NoSuchDatabase));
    control.create_database(database(1)).wait().unwrap();
    control.create_token(orphan.clone()).wait().unwrap();
    control.delete_database(database(1).id).wait().unwrap();
    assert_eq!(control.token(orphan.id).wait(), Err(ControlError::NoSuchToken));
    assert_eq!(control.create_token(orphan).wait(), Err(ControlError::NoSuchDatabase));
}

#[test]
fn a_revoked_token_is_listed_but_not_loaded() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    let record = token(2, &database(1));
    control.create_token(record.clone()).wait().unwrap();
    assert_eq!(control.set_token_quota(record.id, None).wait().unwrap().commands_per_day, None);
    let revoked = control.revoke_token(record.id, NOW_MS).wait().unwrap();
    assert_eq!(revoked.revoked_at_ms, Some(NOW_MS));
    assert_eq!(control.revoke_token(record.id, NOW_MS + 5).wait().unwrap(), revoked, "the first date stays");
    assert_eq!(control.tokens(database(1).id).wait().unwrap(), [revoked]);
    assert_eq!(control.records().wait().unwrap().tokens, []);
    assert_eq!(control.revoke_token(TokenId::from_bytes([9; 16]), 0).wait(), Err(ControlError::NoSuchToken));
}

#[test]
fn a_text_is_one_tokens_until_that_is_revoked() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    control.create_token(token(2, &database(1))).wait().unwrap();
    assert_eq!(control.create_token(token(3, &database(1))).wait(), Err(ControlError::TokenTaken));
    control.revoke_token(token(2, &database(1)).id, NOW_MS).wait().unwrap();
    control.create_token(token(3, &database(1))).wait().unwrap();
}

#[test]
fn a_reset_starts_an_epoch_and_a_rename_keeps_it() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    control.create_token(token(2, &database(1))).wait().unwrap();
    assert_eq!(control.reset_credentials(database(1).id, NOW_MS).wait().unwrap().epoch, 1);
    assert_eq!(control.token(token(2, &database(1)).id).wait().unwrap().revoked_at_ms, Some(NOW_MS));
    let renamed = control.rename_database(database(1).id, "cache").wait().unwrap();
    assert_eq!((renamed.name.as_str(), renamed.epoch), ("cache", 1));
    let nobody = DatabaseId::from_bytes([9; 16]);
    assert_eq!(control.rename_database(nobody, "x").wait(), Err(ControlError::NoSuchDatabase));
}

#[test]
fn a_user_is_changed_as_one_step_or_not_at_all() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    put_user(&control, &user(2, &database(1))).unwrap();
    let change = |change: UserChange| {
        wait_for(|done| control.change_user(database(1).id, "user-2".into(), change, done))
    };
    let changed = UserRecord { rules: b"on -@all".into(), passwords: vec![], ..user(2, &database(1)) };
    let made = changed.clone();
    change(Box::new(move |before| {
        assert_eq!(before, Some(user(2, &database(1))));
        Ok(made)
    }))
    .unwrap();
    let refused = change(Box::new(|_| Err("ERR no".into())));
    assert_eq!(refused, Err(UserError::Refused("ERR no".into())));
    assert_eq!(control.users(database(1).id).wait().unwrap(), [changed]);
}

#[test]
fn users_go_with_their_database_and_lose_their_passwords_with_its_credentials() {
    let control = Control::ephemeral().unwrap();
    for n in [1, 2] {
        control.create_database(database(n)).wait().unwrap();
        put_user(&control, &user(n, &database(n))).unwrap();
    }
    control.reset_credentials(database(1).id, NOW_MS).wait().unwrap();
    let without = UserRecord { passwords: vec![], ..user(1, &database(1)) };
    assert_eq!(control.records().wait().unwrap().users, [without, user(2, &database(2))]);
    control.delete_database(database(1).id).wait().unwrap();
    assert_eq!(control.records().wait().unwrap().users, [user(2, &database(2))]);
    let refused = put_user(&control, &user(3, &database(1)));
    assert!(matches!(refused, Err(UserError::Unavailable(_))), "{refused:?}");
}

#[test]
fn deleting_users_counts_those_that_there_were() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    [2, 3].iter().for_each(|&n| put_user(&control, &user(n, &database(1))).unwrap());
    let names = ["user-2", "nobody", "user-2"].map(String::from).to_vec();
    assert_eq!(wait_for(|done| control.delete_users(database(1).id, names, done)), Ok(1));
    assert_eq!(control.users(database(1).id).wait().unwrap(), [user(3, &database(1))]);
}

#[test]
fn a_database_has_so_many_users_and_no_more() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    let nth = |n: u64| {
        let id = TokenId::new(n, [0; 10]);
        UserRecord { id, name: format!("user {n}"), ..user(1, &database(1)) }
    };
    (0..USERS_MAX).for_each(|n| put_user(&control, &nth(n)).unwrap());
    assert!(matches!(put_user(&control, &nth(USERS_MAX)), Err(UserError::Refused(_))));
    put_user(&control, &nth(0)).unwrap();
}

#[test]
fn the_first_key_is_made_once_and_the_last_one_stays() {
    let control = Control::ephemeral().unwrap();
    assert_eq!(control.first_key(key(1)).wait().unwrap(), key(1));
    assert_eq!(control.first_key(key(2)).wait().unwrap(), key(1));
    assert_eq!(control.retire_key(key(1).kid).wait(), Err(ControlError::NoSuchKey));
    control.add_key(key(2)).wait().unwrap();
    control.retire_key(key(1).kid).wait().unwrap();
    assert_eq!(control.records().wait().unwrap().keys, [key(2)]);
}

#[test]
fn usage_adds_up_by_hour_day_and_token() {
    let control = Control::ephemeral().unwrap();
    let day_ms = NOW_MS - NOW_MS % (24 * HOUR_MS);
    let used = |token: u8, commands| UsageRecord {
        database: database(1).id,
        token: TokenId::from_bytes([token; 16]),
        usage: Usage { commands, reads: 1, writes: 2, bytes_in: 3, bytes_out: 4 },
    };
    control
        .record_usage(vec![used(1, 10), used(2, 20)], vec![(database(1).id, 500)], day_ms + 1)
        .wait()
        .unwrap();
    control.record_usage(vec![used(1, 5)], vec![(database(1).id, 400)], day_ms + 2).wait().unwrap();
    control.record_usage(vec![used(2, 7)], vec![], day_ms + HOUR_MS).wait().unwrap();

    let usage = |span| control.usage(database(1).id, span, day_ms, day_ms + 24 * HOUR_MS).wait().unwrap();
    let hours = usage(Span::Hour);
    let seen: Vec<_> =
        hours.iter().map(|hour| (hour.start_ms, hour.usage.commands, hour.stored_bytes)).collect();
    assert_eq!(seen, [(day_ms, 35, Some(400)), (day_ms + HOUR_MS, 7, None)]);
    let day = usage(Span::Day)[0];
    assert_eq!(day.usage, Usage { commands: 42, reads: 4, writes: 8, bytes_in: 12, bytes_out: 16 });

    let tokens = control.usage_by_token(database(1).id, day_ms, day_ms + 1).wait().unwrap();
    assert_eq!(tokens.iter().map(|(_, usage)| usage.commands).collect::<Vec<_>>(), [15, 27]);
}

#[test]
fn old_hours_are_dropped_and_their_day_is_kept() {
    let control = Control::ephemeral().unwrap();
    let one = UsageRecord {
        database: database(1).id,
        token: TokenId::from_bytes([1; 16]),
        usage: Usage { commands: 1, ..Usage::default() },
    };
    control.record_usage(vec![one], vec![(one.database, 9)], NOW_MS).wait().unwrap();
    control.record_usage(vec![], vec![], NOW_MS + (HOURS_KEPT + 1) * HOUR_MS).wait().unwrap();
    assert_eq!(control.usage(one.database, Span::Hour, 0, i64::MAX as u64).wait().unwrap(), []);
    assert_eq!(control.usage(one.database, Span::Day, 0, i64::MAX as u64).wait().unwrap().len(), 1);
}
