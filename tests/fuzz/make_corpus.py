#!/usr/bin/env python3
"""Writes the seeds of every fuzz target: usage: make_corpus.py FOLDER; FOLDER/<stem>/<number> is one input.

A seed is a small, well-formed input or a famous bad one; mutation does the rest. What a fuzz run has broken is kept
in corpus/<stem>/ instead.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
import zlib
from pathlib import Path


def frame(first: int, payload: bytes, key: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """A client's WebSocket frame (RFC 6455 §5.2), masked."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + struct.pack(">H", size)
    else:
        length = b"\xff" + struct.pack(">Q", size)
    return bytes([first]) + length + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


def deflated(payload: bytes, window: int = 15) -> bytes:
    """RFC 7692 §7.2.1: a raw DEFLATE block without its trailing 00 00 ff ff."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -window)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def token(header: dict, claims: dict) -> bytes:
    def part(item: bytes) -> bytes:
        return base64.urlsafe_b64encode(item).rstrip(b"=")
    text = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    return text + b"." + part(hmac.new(b"0123456789abcdef0123456789abcdef", text, hashlib.sha256).digest())


JSON = [
    '{"a":[1,-0,1.0,1e400,0.1,12345678901234567890,true,false,null],"b":{"c":"d"}}', '[]', '{}', '""', '0',
    '"\\u00e9\\ud83d\\ude00\\ud800x\\n\\/"', '"é😀"', '{"a":1,"a":2}', ' [ 1 , 2 ] ', "[" * 70 + "]" * 70,
    '{"":{"~":{"/":0}}}', '[1e21,1e-7,123456789.125,5e-324,1.7976931348623157e308]', '"\\u0000\\u2028"', "[1,]", "01",
]
NUMBERS = ["0\n-0", "1.0\n1", "1e5\n100000", "0.1\n1e-1", "9007199254740993\n9007199254740992", "1e400\n10e399",
           "18446744073709551616\n1.8446744073709551616e19", "5e-324\n2e-324", "-1.5E+3\n-1500"]
DOUBLES = [1.5, -0.0, 1e21, 5e-324, 1.7976931348623157e308, 123456789.125, 1e-7, 2.2250738585072014e-308]
TEXTS = ["plain", "é", "€", "😀", "\x00\x7f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"]
BAD_TEXTS = [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff", b"\x80", b"aaaaaaaa\xf0\x9f\x98"]
TIMES = ["2026-01-02T03:04:05.678Z", "1985-04-12T23:20:50.52+01:30", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z",
         "9999-12-31T23:59:59.999999999-23:59", "2024-02-29t00:00:00z", "1996-12-19T16:39:57-08:00"]

HTTP = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /x?y=1&z=%20 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\nGET / HTTP/1.1\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "GET http://host:8080/p?q HTTP/1.1\r\nHost: other\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "\r\n\r\nGET / HTTP/1.1\r\nHost: [::1]:8000\r\nX: a\r\n b\r\n\r\n", "GET /%00 HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/2.0\r\n\r\n", "PUT /é HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nCookie: b=c; d=e\r\n\r\n",
]
HANDSHAKE = "Host: a\nConnection: keep-alive, Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
HANDSHAKES = [
    HANDSHAKE, HANDSHAKE + "Sec-WebSocket-Protocol: mqtt, chat\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n",
    HANDSHAKE + "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\"; server_no_context_takeover, permessage-deflate\n",
    HANDSHAKE + "Sec-WebSocket-Extensions: x; a=\"\\\"b\"\nSec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\n",
    HANDSHAKE.replace("13", "8"), HANDSHAKE.replace("==", ""),
]
HELLO, CLOSE = frame(0x81, b"Hello"), frame(0x88, b"\x03\xe8bye")
WEBSOCKET = [
    b"\0" + HELLO + frame(0x82, b"\0\1\2") + CLOSE,
    b"\0" + frame(0x01, "h€".encode()[:2]) + frame(0x89, b"ping") + frame(0x80, "h€".encode()[2:]) + frame(0x8A, b""),
    b"\0" + frame(0x81, b"x" * 200) + frame(0x88, b""), b"\0" + frame(0x82, b"y" * 66000)[:300],
    b"\0" + frame(0x81, b"\xff") + HELLO, b"\0" + frame(0x88, b"\x03"), b"\0" + frame(0xC1, b"Hello"),
    b"\x01" + frame(0xC1, deflated(b"Hello Hello Hello")) + HELLO + frame(0xC2, deflated(bytes(1000))),
    b"\x03" + frame(0x41, deflated(b"split in two")[:4]) + frame(0x80, deflated(b"split in two")[4:]) + CLOSE,
    b"\x1d" + frame(0xC1, deflated(b"a" * 5000)) + frame(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
    b"\x20" + frame(0x02, b"1") + frame(0x00, b"2") + frame(0x00, b"3") + frame(0x80, b"4"),
    b"\x21" + frame(0xC2, deflated(bytes(100000))),
]
DEFLATED = [b"\x60" + deflated(b"Hello Hello\nHello"), b"\x68" + deflated(bytes(20000)), b"\x02\xf2\x48\xcd\xc9\xc9\x07\x00",
            b"\x17" + b"\x01\x05\x00\xfa\xffHello", b"\x9f" + deflated(bytes(range(256)) * 3), b"\x60\x07", b"\x67a\nb\n\naaaaaaaaaaaaaaaa"]
PAYLOADS = ["4hello\x1e2\x1e4€", "bAQIDBA==", "3probe\x1ebAQIDBA\x1e6\x1e1\x1e5", "4", "", "\x1e", "7", "bA-_=", "4a\x1eb!!!!", "0{}\x1e4" + "x" * 300]
# One byte an event (session_fsm_fuzz.cpp, act): low five bits what, high three how.
SESSIONS = [
    bytes([0, 8, 0, 8, 9, 8, 0x62, 0x82, 0]), bytes([0, 8, 5, 0x46, 0x69, 0xA6, 0x82, 10]), bytes([1, 8, 9, 0x62, 13, 8, 10]),
    bytes([0, 8, 0, 5, 0x46, 0x49, 0xA6, 4]), bytes([0, 10, 8, 0]), bytes([0, 13, 10, 8, 0, 0]), bytes([0, 15, 0x82, 0x2A]),
    bytes([0, 8, 0, 1]), bytes([1, 14, 13, 10, 14, 8]), bytes([2, 5, 0x46, 12]), bytes([0, 8, 5, 10, 0x46, 0xA6, 8]),
]
PACKETS = [
    '2["event",{"a":1},"x"]', '0/admin,{"token":"t"}', "0", "1/ws,", '3/ws,12["ok"]', '4{"message":"no"}', '213["ping"]',
    '51-["file",{"_placeholder":true,"num":0}]\x1eb\x00\x01', '62-/ws,7[{"_placeholder":true,"num":1},{"a":{"_placeholder":true,"num":0}}]\x1eb1\x1ebtwo',
    '51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]\x1ebx', '51-["a",{"_placeholder":true,"num":1}]\x1ebx',
    "599-[]", '2["connect"]', "2[1,2]", '2["a"]\x1ebx', '51-["a"]\x1e2["b"]', '2/a,9007199254740993["x"]', '2["a",{"_placeholder":true,"num":0}]',
]
MSGPACK_PACKETS = [
    "83a47479706502a46461746192a16581a16101a36e7370a12f", "82a47479706500a36e7370a12f", "84a47479706503a46461746191c3a36e7370a32f7773a2696407",
    "83a47479706502a46461746192a166c403000102a36e7370a12f", "83a47479706504a46461746181a76d657373616765a26e6fa36e7370a12f",
    "82a47479706501a36e7370a12f", "83a47479706502a46461746193a161cb3ff8000000000000d7ff0000000000000001a36e7370a12f",
]
MSGPACK = MSGPACK_PACKETS + ["c0", "93c2c3c0", "ccff", "cdffff", "ceffffffff", "cfffffffffffffffff", "d080", "d18000", "d280000000",
                             "d38000000000000000", "ca3fc00000", "cb3ff8000000000000", "d90161", "da000161", "db0000000161", "c40100",
                             "c5000100", "c60000000100", "dc000101", "dd0000000101", "de000101c0", "df00000001a161c0", "d4ff00", "c70cff00000000",
                             "d6ff00000000", "dfffffffff", "ddffffffff", "c6ffffffff", "d400", "91" * 80 + "c0", "e0", "7f", "82a16101a16102"]
FILTERS = [
    '{"exact":{"type":"pr.created"}}\n{"type":"pr.created"}', '{"all":[{"prefix":{"type":"pr."}},{"not":{"suffix":{"subject":"1"}}}]}\n{"type":"pr.x","subject":"p1"}',
    '{"exact":{"/data/status":"failed"}}\n{"data":{"status":"failed"}}', '{"in":{"/data/n":[1,2,"x"]}}\n{"data":{"n":2}}',
    '{"any":[{"lt":{"/data/n":5}},{"gte":{"/data/n":1e3}},{"lte":{"/data/n":0}},{"gt":{"/data/n":9}}]}\n{"data":{"n":4.5}}',
    '[{"exact":{"a":"b"}},{"exact":{"c":"d"}}]\n{"a":"b","c":"d"}', '{"exact":{"/data/a~1b~0c":null}}\n{}', '{"exact":{}}\n{}', '{"not":{"not":{"not":{"exact":{"a":"b"}}}}}\n{}',
]
SCHEMAS = [
    '{"type":"object","properties":{"a":{"type":"integer","minimum":0},"t":{"type":"string","format":"date-time"}},"required":["a"],"additionalProperties":false}\n{"a":1}',
    '{"$ref":"#"}\n1', '{"$defs":{"n":{"type":["number","null"],"multipleOf":0.1}},"items":{"$ref":"#/$defs/n"},"minItems":1,"maxItems":3}\n[1,null,0.3]',
    '{"anyOf":[{"const":1},{"enum":["a",{"b":[]}]}],"oneOf":[{"not":{"type":"string"}},{}],"allOf":[{}]}\n{"b":[]}', 'true\n0', 'false\n0', '{"minLength":1,"maxLength":2}\n"é😀"',
    '{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}\n1', '{"properties":{"x":{"$ref":"#"}},"maxProperties":1,"minProperties":0}\n{"x":{"x":{}}}',
    '{"exclusiveMinimum":1,"exclusiveMaximum":1e400}\n12345678901234567890', '{"additionalProperties":{"type":"boolean"}}\n{"a":true}', '{"pattern":"x"}\n1',
]
EVENTS = [
    '{"type":"pr.created","data":{"project_id":"1","number":2,"title":"t","author":"a"},"rooms":["project:1","global"]}',
    '{"specversion":"1.0","id":"i","source":"/s","type":"workflow.progress","subject":"project:p","time":"2026-01-02T03:04:05+01:00","datacontenttype":"application/json","data":{"workflow_id":"w","project_id":"p","progress":50.5},"traceparent":"00-1","x9":true,"n":-1}',
    '{"type":"ai.suggestion","data":{"project_id":"a b","suggestion_id":"s","kind":"k","content":"","user_id":"u/\\u00e9"}}', '{"type":"agent.status_changed","id":"i","data":{"agent_id":"","status":"idle"}}',
    '{"type":"x","data":{},"extra":1}', '{"specversion":"1.0","id":"i","source":"s","type":"t","data_base64":""}', '{"type":"project.updated","data":{"project_id":"p","changes":{}},"cursor":"a-1"}',
]
CLAIMS = {"sub": "u", "iss": "me", "exp": 1700000100, "nbf": 1699999999, "iat": 1699999999, "projects": ["p", "*"], "agents": "*", "roles": ["r"], "scope": "events:publish admin", "jti": "j"}
TOKENS = [token({"alg": "HS256", "typ": "JWT", "kid": "a"}, CLAIMS), token({"alg": "none"}, CLAIMS), token({"alg": "ES256"}, CLAIMS), b"a.b.c", b"..", b"e30.e30."]
SIGNED = ['{"alg":"HS256"}\n' + json.dumps(CLAIMS), '{"alg":"HS256","kid":"zzz"}\n{"exp":1700000000,"iss":"me","sub":"u","aud":["a"]}',
          '{"alg":"HS256","crit":["b64"],"b64":false}\n' + json.dumps(CLAIMS), '{"alg":"HS256","jwk":{}}\n{"exp":1e400,"iss":"me","sub":"u"}',
          '{"alg":"HS256"}\n{"exp":"1700000100","iss":"me"}', '{"alg":"HS256"}\n{"exp":1700000100.5,"iss":"me","sub":"u","nbf":-1}']
KEY_SETS = ['{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"e","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
            '{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","use":"sig","alg":"ES256"}]}',
            '{"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","alg":"HS256"}]}',
            '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"small"}]}', '{"keys":[{"kty":"RSA","kid":"r","e":"AQAB","n":"' + "w" * 342 + '","key_ops":["verify"],"use":"sig"}]}', '{"keys":[]}', '[]']
CONFIGURATIONS = ['[server]\nlisten = "127.0.0.1:8000"\nworkers = 2\n', '[engine]\nping_interval_ms = 25000\n[cors]\norigins = ["https://a", "*"]\ncredentials = true\n',
                  '[auth]\nsecret = "x"\nalgorithms = ["HS256"]\nleeway_s = -1\n[history]\nbackend = "sqlite"\n', 'serverr.listen = 1\n', '[github.projects]\n"o/r" = "p"\n',
                  "a = [[[[1]]]]\n", "log = { level = 'debug' }\n", "x = 1979-05-27T07:32:00Z\ny = 0xff\nz = nan\n", '[limits]\nconnections = 99999999999999999999\n', "= \n"]

RESP = ["+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhe\r\no\r\n$-1\r\n*-1\r\n_\r\n", "*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n", "%1\r\n+k\r\n~1\r\n#t\r\n,1.5\r\n",
        ">2\r\n+message\r\n$1\r\nx\r\n(123\r\n!5\r\nERR x\r\n=6\r\ntxt:hi\r\n", "*2\r\n|1\r\n+ttl\r\n*1\r\n:3\r\n:5\r\n:6\r\n", "*1\r\n" * 6, "*65\r\n", "$4097\r\n",
        "+" + "x" * 300, "$?\r\n", "|0\r\n%0\r\n"]


def text(items: list) -> list:
    return [item if isinstance(item, bytes) else item.encode("utf-8", "surrogatepass") for item in items]


CORPORA = {
    "json": text(JSON), "number_text": text(NUMBERS) + [struct.pack("<d", number) for number in DOUBLES],
    "utf8": text(TEXTS) + BAD_TEXTS, "base64": text(["", "a", "YWI=", "YWJj", "-_8", "YQ", "YR==", " YW\nJj "]), "rfc3339": text(TIMES),
    "request_codec": text(HTTP), "message": text(["a=b&c=d%20e+f", "%", "%zz=%4", "a&&=b&a=", "upgrade\nkeep-alive, Upgrade", "é=%C3%A9"]),
    "frame_codec": [b"\x81\x05Hello", HELLO[:6], b"\x82\x7e\x01\x00", b"\x82\x7f" + bytes(5) + b"\x01\0\0", b"\x88\x02\x03\xe8", b"\x03\xe8bye", b"\x09\x00", b"\x83\x00"],
    "message_assembler": WEBSOCKET, "deflate": DEFLATED, "handshake": text(HANDSHAKES),
    "payload_codec": text(PAYLOADS), "session_fsm": SESSIONS,
    "json_parser": text(PACKETS), "msgpack_parser": [bytes.fromhex(item) for item in MSGPACK_PACKETS], "msgpack_codec": [bytes.fromhex(item) for item in MSGPACK],
    "sqlite_store": [b"", b"\x00\x00\x10\xff", b"\x00\x10\x00\x05\x00\x10\x03\xff", b"\x00\x20\x08\x80\x00\x30\x00\x02"],
    "resp_codec": text(RESP), "cursor": text(["a-0", "k3x9-18446744073709551615", "a-01", "-1", "a-", "a" * 33 + "-1"]),
    "line_assembler": text(['{}\n{}\n', "\ufeff{}\r\n\r\n \t\n[1]", "0123456789abcdef\n0123456789abcdefg\nx", "\n\n\ufeff", "x" * 40]),
    "filter": text(FILTERS), "json_pointer": text(['/a/0\n{"a":[1]}', '/a~1b/~0\n{"a/b":{"~":1}}', '\n"x"', "/0\n[[[]]]"]),
    "json_schema": text(SCHEMAS), "envelope": text(EVENTS), "jwt": TOKENS + text(SIGNED), "key_set": text(KEY_SETS), "configuration": text(CONFIGURATIONS),
}


def main(folder: str) -> None:
    for stem, inputs in CORPORA.items():
        place = Path(folder) / stem
        place.mkdir(parents=True, exist_ok=True)
        for number, item in enumerate(inputs):
            (place / f"{number:02}").write_bytes(item)


if __name__ == "__main__":
    main(sys.argv[1])
