//! The libraries, against what the originals answer.

use super::{check, refusal};

#[test]
fn patterns_are_those_of_lua() {
    check(&[
        ("('hello world'):find('o w')", "5"),
        ("select(2, ('hello'):find('l+'))", "4"),
        ("('hello'):find('xyz')", "nil"),
        ("('a.b'):find('.', 1, true)", "2"),
        ("('hello'):find('', 10)", "6"),
        ("('hello'):find('l', -2)", "4"),
        ("('key=value'):match('(%w+)=(%w+)')", "key"),
        ("select(2, ('key=value'):match('(%w+)=(%w+)'))", "value"),
        ("('  trim  '):match('^%s*(.-)%s*$')", "trim"),
        ("('2026-01-02'):match('%d+-(%d+)')", "01"),
        ("('abc'):match('()b()')", "2"),
        ("('f(a(b)c)d'):match('%b()')", "(a(b)c)"),
        ("('THE (quick) fox'):find('%f[%a]%a+%f[%A]')", "1"),
        ("('abab'):match('(ab)%1')", "ab"),
        ("('[x]'):match('[]]')", "]"),
        ("('a-z'):match('[a%-z]+')", "a-z"),
        ("('x^y'):match('[%^]')", "^"),
        ("('abc'):match('[^a]+')", "bc"),
        ("('aXb'):match('%u')", "X"),
        ("('hello world'):gsub('o', '0')", "hell0 w0rld"),
        ("select(2, ('hello world'):gsub('o', '0'))", "2"),
        ("('hello'):gsub('', '-')", "-h-e-l-l-o-"),
        ("('abc'):gsub('%w', '%0%0')", "aabbcc"),
        ("('abc'):gsub('%w', '%%')", "%%%"),
        ("('hello world'):gsub('(%w+) (%w+)', '%2 %1')", "world hello"),
        ("('$name is $age'):gsub('%$(%w+)', {name = 'Ann', age = 7})", "Ann is 7"),
        ("('abc'):gsub('%w', function(c) if c == 'b' then return 'B' end end)", "aBc"),
        ("('abc'):gsub('', function() return '-' end)", "-a-b-c-"),
        ("('aaa'):gsub('a', 'b', 2)", "bba"),
        ("('aaa'):gsub('^a', 'b')", "baa"),
        ("('aaa'):gsub('^a', function() return 'b' end)", "baa"),
        (
            "(function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return table.concat(t, ';') end)()",
            "a1;b2",
        ),
        ("(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)()", "4"),
    ]);
    for (text, why) in [
        ("return ('x'):find('[a')", "malformed pattern (missing ']')"),
        ("return ('x'):find('%')", "malformed pattern (ends with '%')"),
        ("return ('x'):find('(x')", "unfinished capture"),
        ("return ('x'):match('x)')", "invalid pattern capture"),
        ("return ('x'):find('%1')", "invalid capture index"),
    ] {
        assert!(refusal(text).contains(why), "{text}: {}", refusal(text));
    }
}

#[test]
fn strings_are_those_of_lua() {
    check(&[
        ("('abc'):sub(2)", "bc"),
        ("('abc'):sub(-2, -2)", "b"),
        ("('abc'):sub(0, 99)", "abc"),
        ("('abc'):sub(3, 2)", ""),
        ("('abc'):upper() .. ('ABC'):lower() .. ('abc'):reverse()", "ABCabccba"),
        ("('ab'):rep(3) .. ('ab'):rep(-1)", "ababab"),
        ("('a'):byte() .. string.char(98)", "97b"),
        ("1e15", "1e+15"),
        ("10 / 2", "5"),
        ("1 / 3", "0.33333333333333"),
        ("string.format('%5d|%-5d|%05d|%+d', 42, 42, 42, 42)", "   42|42   |00042|+42"),
        ("string.format('%.2f|%e|%g|%g', 3.14159, 1234.5, 1e20, 0.1)", "3.14|1.234500e+03|1e+20|0.1"),
        ("string.format('%x|%X|%#x|%o|%c', 255, 255, 255, 8, 65)", "ff|FF|0xff|10|A"),
        ("string.format('%s|%10s|%-4s|%.2s', 'a', 'b', 'c', 'def')", "a|         b|c   |de"),
        ("string.format('%q', 'a\"b')", "\"a\\\"b\""),
        ("string.format('%s %s', true, nil)", "true nil"),
        ("string.format('%d', 3.9)", "3"),
        ("string.format('%%')", "%"),
        ("string.format('%.14g', 1e15)", "1e+15"),
    ]);
    assert!(refusal("return string.format('%d', 'x')").contains("number expected, got string"));
    assert!(refusal("return string.format('%y', 1)").contains("invalid option '%y' to 'format'"));
    assert!(
        refusal("return string.format('%d')")
            .contains("bad argument #2 to 'format' (number expected, got no value)")
    );
}

#[test]
fn tables_are_those_of_lua() {
    check(&[
        ("table.concat({1, 2, 3}, ',')", "1,2,3"),
        ("(function() local t = {3, 1, 2} table.sort(t) return table.concat(t) end)()", "123"),
        (
            "(function() local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t) end)()",
            "321",
        ),
        (
            "(function() local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t) for i = 2, 100 do if t[i - 1] > t[i] then return i end end return 'sorted' end)()",
            "sorted",
        ),
        (
            "(function() local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4) return table.concat(t) end)()",
            "1234",
        ),
        (
            "(function() local t = {1, 2, 3} local x = table.remove(t, 1) return x .. table.remove(t) .. table.concat(t) end)()",
            "132",
        ),
        ("tostring(table.remove({}))", "nil"),
        ("table.getn({1, 2})", "2"),
        ("table.maxn({1, [5] = 1})", "5"),
        ("select('#', unpack({1, 2, nil, 4}, 1, 4))", "4"),
    ]);
}

#[test]
fn bits_are_32_signed() {
    check(&[
        ("bit.band(0xff, 0x0f)", "15"),
        ("bit.bor(1, 2, 4)", "7"),
        ("bit.bxor(5, 1)", "4"),
        ("bit.bnot(0)", "-1"),
        ("bit.tobit(0xffffffff)", "-1"),
        ("bit.tobit(2 ^ 40 + 5)", "5"),
        ("bit.lshift(1, 31)", "-2147483648"),
        ("bit.rshift(-1, 28)", "15"),
        ("bit.arshift(-256, 4)", "-16"),
        ("bit.rol(0x12345678, 12)", "1164411171"),
        ("bit.tohex(255)", "000000ff"),
        ("bit.tohex(-1, -4)", "FFFF"),
        ("bit.tohex(bit.bswap(0x12345678))", "78563412"),
    ]);
}

#[test]
fn json_is_that_of_lua_cjson() {
    check(&[
        ("cjson.encode({1, 2, 'x'})", "[1,2,\"x\"]"),
        ("cjson.encode({})", "{}"),
        ("cjson.encode({a = {b = true}})", "{\"a\":{\"b\":true}}"),
        ("cjson.encode({1, nil, 3})", "[1,null,3]"),
        ("cjson.encode(cjson.null)", "null"),
        ("cjson.encode(1e15)", "1e+15"),
        ("cjson.encode(0.1)", "0.1"),
        ("cjson.encode('a/b\\n\\1')", "\"a\\/b\\n\\u0001\""),
        ("cjson.decode('{\"a\": [1, 2.5, \"x\\\\u00e9\\\\ud83d\\\\ude00\"]}').a[3]", "xé😀"),
        ("cjson.decode('[1, 2.5e1]')[2]", "25"),
        ("cjson.decode('null') == cjson.null", "true"),
        ("cjson.decode(' {\"k\" : null } ').k == cjson.null", "true"),
        ("cjson.decode('-0.5')", "-0.5"),
    ]);
    for (text, why) in [
        ("return cjson.decode('{')", "Expected object key string but found T_END at character 2"),
        (
            "return cjson.decode('[1 2]')",
            "Expected comma or array end but found invalid token at character 4",
        ),
        ("return cjson.decode('')", "Expected value but found T_END at character 1"),
        ("return cjson.decode('1 x')", "Expected the end but found invalid token at character 3"),
        ("return cjson.decode('\"\\\\ud800\"')", "Expected unicode escape"),
        ("return cjson.encode({[1000] = 1})", "excessively sparse array"),
        ("return cjson.encode(1 / 0)", "must not be NaN or Inf"),
        ("return cjson.encode({[true] = 1})", "table key must be a number or string"),
        ("return cjson.encode(function() end)", "Cannot serialise function: type not supported"),
    ] {
        assert!(refusal(text).contains(why), "{text}: {}", refusal(text));
    }
}

#[test]
fn message_pack_goes_there_and_back() {
    check(&[
        ("cmsgpack.pack(1, 'a', true)", "\u{1}\u{fffd}a\u{fffd}"),
        ("#cmsgpack.pack(0.1) .. #cmsgpack.pack(0.5) .. #cmsgpack.pack(2 ^ 40)", "959"),
        ("cmsgpack.unpack(cmsgpack.pack({a = {1, 2, 'x'}})).a[3]", "x"),
        ("select('#', cmsgpack.unpack(cmsgpack.pack(1, nil, 3)))", "3"),
        ("select(2, cmsgpack.unpack_one(cmsgpack.pack(7, 8)))", "7"),
        ("cmsgpack.unpack_one(cmsgpack.pack(7, 8))", "1"),
        ("cmsgpack.unpack_one(cmsgpack.pack(7, 8), 1)", "-1"),
        ("select(3, cmsgpack.unpack_limit(cmsgpack.pack(7, 8, 9), 2))", "8"),
        (
            "(function() for _, n in ipairs({0, 127, 128, 255, 256, 65535, 65536, 2 ^ 32, 2 ^ 52, -1, -32, -33, -128, -129, -32768, -32769, -2 ^ 31, -2 ^ 40, 1.5, 0.1}) do if cmsgpack.unpack(cmsgpack.pack(n)) ~= n then return n end end return 'all' end)()",
            "all",
        ),
        (
            "(function() for _, n in ipairs({0, 31, 32, 255, 256, 65535, 65536}) do local s = ('x'):rep(n) if cmsgpack.unpack(cmsgpack.pack(s)) ~= s then return n end end return 'all' end)()",
            "all",
        ),
        (
            "#cmsgpack.unpack(cmsgpack.pack((function() local t = {} for i = 1, 100 do t[i] = i end return t end)()))",
            "100",
        ),
    ]);
    assert!(refusal("return cmsgpack.unpack('\\205\\1')").contains("Missing bytes in input."));
    assert!(refusal("return cmsgpack.unpack('\\193')").contains("Bad data format in input."));
    assert!(refusal("return cmsgpack.unpack('\\221\\255\\255\\255\\255')").contains("Missing bytes"));
}

#[test]
fn structs_go_there_and_back() {
    check(&[
        ("struct.size('<bhil')", "15"),
        ("struct.size('!8bl')", "16"),
        ("struct.pack('>I2', 258):byte(2)", "2"),
        ("struct.unpack('<h', struct.pack('<h', -2))", "-2"),
        ("struct.unpack('>I4', struct.pack('>I4', 4294967295))", "4294967295"),
        ("struct.unpack('d', struct.pack('d', 0.1))", "0.1"),
        ("struct.unpack('>f', struct.pack('>f', 0.5))", "0.5"),
        ("struct.unpack('s', struct.pack('s', 'abc'))", "abc"),
        ("select(2, struct.unpack('s', struct.pack('s', 'abc')))", "5"),
        ("struct.unpack('Bc0', struct.pack('Bc0', 3, 'abc'))", "abc"),
        ("struct.unpack('xxb', '\\1\\2\\3')", "3"),
        ("struct.unpack('b', '\\1\\2\\3', 2)", "2"),
    ]);
    assert!(refusal("return struct.unpack('l', 'x')").contains("data string too short"));
    assert!(refusal("return struct.unpack('c0', 'x')").contains("needs a previous size"));
    assert!(refusal("return struct.unpack('b', 'x', 0)").contains("offset must be 1 or greater"));
    assert!(refusal("return struct.pack('y', 1)").contains("invalid format option 'y'"));
    assert!(refusal("return struct.pack('i9', 1)").contains("larger than limit of 8"));
}

#[test]
fn redis_has_its_functions() {
    check(&[
        ("redis.sha1hex('')", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("redis.replicate_commands()", "true"),
        ("redis.log(redis.LOG_WARNING, 'x')", "nil"),
        ("redis.setresp(2)", "nil"),
        ("redis.REDIS_VERSION", "8.2.0"),
    ]);
    assert!(refusal("redis.log(9, 'x')").contains("Invalid log level."));
    assert!(refusal("redis.sha1hex()").contains("wrong number of arguments"));
}
