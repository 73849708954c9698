import TestSupport
import Testing

@testable import Registry

@Suite struct HeaderValueTests {
    /// Registries write no `bytes` before it, and its last byte is included.
    @Test func uploadRanges() {
        #expect(HeaderValue.uploadedByteCount("0-99") == 100)
        #expect(HeaderValue.uploadedByteCount("bytes=0-99") == 100)
        #expect(HeaderValue.uploadedByteCount("0-0") == 0)
        for text in [
            "", "-", "0-", "5-99", "0--1", "0-x", "99999999999999999999-1", "0-9223372036854775807",
        ] {
            #expect(HeaderValue.uploadedByteCount(text) == nil)
        }
    }

    @Test func contentRanges() {
        #expect(
            HeaderValue.contentRange("bytes 10-99/100")
                == HeaderValue.ContentRange(first: 10, last: 99, total: 100))
        #expect(
            HeaderValue.contentRange(" Bytes 0-0/* ")
                == HeaderValue.ContentRange(first: 0, last: 0, total: nil))
        for text in ["bytes */100", "bytes 9-1/100", "bytes 0-100/100", "0-1/2", "bytes 1-2", ""] {
            #expect(HeaderValue.contentRange(text) == nil)
        }
    }

    @Test func links() {
        let values = [
            #"<https://x/a,b;c>; title="a \"quoted\", text"; rel=prev, </next?n=1&last=z>;REL="last next""#
        ]
        #expect(HeaderValue.nextPage(values) == .target("/next?n=1&last=z"))
        for text in [
            "", ",,,", "<x>; rel=first", "<x>; rel=\"prev last\"", "<x>;rel=next;anchor=y",
        ] {
            #expect(HeaderValue.nextPage([text]) == .none)
        }
    }

    /// Forms that some registries write; a list is never shortened silently.
    @Test func linksOfOtherForms() {
        let next = [
            "<x>", "<x>;", "<x> ; rel = next", "<x>; rel=\"a NEXT\"; rel=prev, <z>",
            "<y>; rel=prev, <x>; title*=UTF-8''a; rel=next", ", <x>;flag;rel=\"next\",",
            "<y>; rel=up, <x>",
        ]
        for text in next {
            #expect(HeaderValue.nextPage([text]) == .target("x"), "\(text)")
        }
        #expect(HeaderValue.nextPage(["<y>; rel=first", "<x>; rel=next"]) == .target("x"))
        for text in ["<", "<x", "x", "x; rel=next", ">;<", "<x> rel=next", "<y>; rel=up, x"] {
            #expect(HeaderValue.nextPage([text]) == .unreadable, "\(text)")
        }
    }

    @Test func warnings() {
        #expect(
            HeaderValue.warnings([
                #"299 - "going away, \"soon\"" "Sat, 01 Jan 2028 00:00:00 GMT", 199 - "no", 299 x "two""#,
                #"299 - "three""#,
            ]) == ["going away, \"soon\"", "two", "three"])
        #expect(HeaderValue.warnings(["", "299", "299 -", "299 - x", "\"", "299 - \"\""]).isEmpty)
    }

    @Test func retryAfter() {
        #expect(HeaderValue.retryAfter("120", now: 0) == .seconds(120))
        let now: Int64 = 784_111_777 - 60
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            #expect(HeaderValue.retryAfter(text, now: now) == .seconds(60))
        }
        #expect(HeaderValue.retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now: now + 100) == .zero)
        #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.seconds("Tue, 29 Feb 2028 23:59:59 GMT") == 1_835_481_599)
        for text in ["", "-5", "soon", "1e3", "Sun, 99 Nov 1994 08:49:37 GMT", "x, 1 Nov 1994"] {
            #expect(HeaderValue.retryAfter(text, now: now) == nil)
        }
    }

    @Test func errorBodies() {
        let reason = { (text: String) in ErrorBody.reason(Array(text.utf8)) }
        #expect(
            reason(#"{"errors":[{"code":"DENIED","message":"no"},{"code":"X"}]}"#)
                == "DENIED: no; X")
        #expect(
            reason(#"{"error":"invalid_grant","error_description":"gone"}"#)
                == "invalid_grant: gone")
        #expect(reason(#"{"message":"m"}"#) == "m")
        #expect(reason("plain\ntext") == "plain")
        #expect(reason("a\u{1B}[31mb\u{202E}c") == "a [31mb c")
        #expect(reason(" <html>") == nil)
        #expect(reason("") == nil)
        #expect(reason(#"{"errors":[]}"#)?.contains("errors") == true)
        #expect((reason(String(repeating: "x", count: 5000)) ?? "").count <= 401)
        #expect(ErrorBody.reason([0xFF, 0xFE, 0x00]) != nil)
    }

    /// Any bytes are parsed to their end, without a trap.
    @Test func anyTextIsParsedWithoutATrap() {
        let alphabet = Array("\"\\,;=<> \t()/azAZ09-:%?#[]\u{7f}é".unicodeScalars)
        var random = SeededGenerator(7)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0..<24, using: &random)
            var text = ""
            for _ in 0..<length {
                text.unicodeScalars.append(
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            _ = Challenge.parse([text, "Bearer " + text])
            _ = HeaderValue.nextPage([text, "<" + text])
            _ = HeaderValue.warnings([text, "299 - " + text])
            _ = HeaderValue.retryAfter(text, now: 0)
            _ = HeaderValue.contentRange("bytes " + text)
            _ = HeaderValue.uploadedByteCount(text)
            _ = CredentialFile.normalized(text)
            _ = CredentialFile.decodeAuth(text)
            if let url = HTTPURL("http://" + text) {
                _ = url.origin
                _ = url.redacted
                _ = url.resolving(text)
            }
        }
    }
}

@Suite struct HTTPURLTests {
    private let base = HTTPURL(scheme: "https", authority: "Reg.example:443", target: "/v2/a/b?x=1")

    @Test(arguments: [
        ("/v2/u?_state=a%2Fb", "https://Reg.example:443/v2/u?_state=a%2Fb"),
        ("https://s3.example/k?X-Sig=%2B/%3D", "https://s3.example/k?X-Sig=%2B/%3D"),
        ("//other/x", "https://other/x"),
        ("c?y=http://z", "https://Reg.example:443/v2/a/c?y=http://z"),
        ("../c", "https://Reg.example:443/v2/c"), ("?n=2", "https://Reg.example:443/v2/a/b?n=2"),
        ("http://user:word@h/x#f", "http://h/x"), ("HTTP://h", "http://h/"),
    ])
    func resolving(_ location: String, expected: String) {
        #expect(base.resolving(location)?.text == expected)
    }

    @Test(arguments: [
        "file:///x", "mailto:x", "http://", "http://a\r\nX: y/", "http:///x", "a b", "http:/x",
        "http://h:99999/", "http://[::1", "http://[fe80::1%25eth0]/", "https://\\\\h/",
        "http://a@b@c/",
    ])
    func noURL(_ location: String) {
        #expect(base.resolving(location) == nil)
    }

    @Test func origins() throws {
        #expect(base.origin == "https://reg.example:443")
        #expect(HTTPURL("https://reg.example/")?.origin == base.origin)
        #expect(HTTPURL("http://[::1]/")?.origin == "http://[::1]:80")
        #expect(HTTPURL("http://[::1]:5000/")?.origin == "http://[::1]:5000")
        #expect(HTTPURL("http://reg.example:443/")?.origin != base.origin)
        // A host in the user part is not used as the host.
        #expect(HTTPURL("https://reg.example@evil/")?.authority == "evil")
        // An address has one spelling, so that no other matches it.
        #expect(HTTPURL("http://127.1:5000/")?.authority == "127.0.0.1:5000")
    }

    @Test func digestIsAppendedAsText() {
        let digest = "sha256:ab"
        for (target, expected) in [
            ("/u", "/u?digest=sha256%3Aab"), ("/u?", "/u?digest=sha256%3Aab"),
            ("/u?a=b%2Fc", "/u?a=b%2Fc&digest=sha256%3Aab"),
            ("/u?a=b&", "/u?a=b&digest=sha256%3Aab"),
        ] {
            #expect(
                base.replacingTarget(target).appendingQuery("digest", digest).target == expected)
        }
    }

    /// Messages have no secrets.
    @Test func redaction() throws {
        let url = try #require(
            HTTPURL("https://u:pw@h/v2/x?_state=secret&digest=sha256:1&X-Amz-Signature=s"))
        #expect(url.redacted == "https://h/v2/x?digest=sha256:1")
    }

    @Test func tlsIsKeptOnTheSameHost() throws {
        let plain = try #require(base.resolving("http://reg.example:443/v2/u"))
        #expect(plain.keepingTLS(of: base).scheme == "https")
        let other = try #require(base.resolving("http://other/v2/u"))
        #expect(other.keepingTLS(of: base).scheme == "http")
    }
}

@Suite struct ChallengeTests {
    @Test func quotedCommasAndEscapes() {
        let challenges = Challenge.parse([
            #"Basic realm="a \"b\", c", Bearer realm="https://t/x?y=1,2&z=\"3\"",service=reg.io , scope="repository:a/b:pull,push repository:c:pull""#
        ])
        #expect(challenges.map(\.scheme) == ["basic", "bearer"])
        #expect(challenges[0].parameters == ["realm": #"a "b", c"#])
        #expect(challenges[1].parameters["realm"] == #"https://t/x?y=1,2&z="3""#)
        #expect(challenges[1].parameters["service"] == "reg.io")
        #expect(
            challenges[1].parameters["scope"] == "repository:a/b:pull,push repository:c:pull")
    }

    @Test func otherForms() {
        #expect(
            Challenge.parse(["Negotiate, NTLM abc==, Basic realm=x"]).map(\.scheme) == [
                "negotiate", "ntlm", "basic",
            ])
        #expect(
            Challenge.parse(["bearer REALM = https://t/"]).first?.parameters["realm"]
                == "https://t/")
        #expect(Challenge.parse(["Bearer", "Basic"]).map(\.scheme) == ["bearer", "basic"])
        #expect(Challenge.parse([",, ,", "", "\"", "=", "@"]).isEmpty)
        #expect(Challenge.parse([#"Bearer realm="open"#]).first?.parameters["realm"] == "open")
        #expect(Challenge.parse([#"Bearer realm="a",realm="b""#]).first?.parameters["realm"] == "a")
    }

    @Test func scopes() {
        #expect(Scope.push("a/b").text == "repository:a/b:pull,push")
        #expect(Scope.push("a").covers(.pull("a")))
        #expect(!Scope.pull("a").covers(.push("a")))
        #expect(!Scope.push("a").covers(.pull("b")))
    }
}
