import Testing

@testable import OCI

private let digest = "sha256:" + String(repeating: "d", count: 64)
private let identifier = String(repeating: "0123456789abcdef", count: 4)
private let many = String(repeating: "n/", count: 126)

/// The questions that the tables of distribution/reference answer, with rows of our own. Names are
/// normalized as Docker's clients do.
@Suite struct ReferenceCorpusTests {
    @Test(arguments: [
        // A name and a tag.
        ("one_two", "docker.io/library/one_two:latest"),
        ("one.two:v", "docker.io/library/one.two:v"),
        ("one.two:5000", "docker.io/library/one.two:5000"),
        ("lower:Upper", "docker.io/library/lower:Upper"),
        ("one_two.three:80", "docker.io/library/one_two.three:80"),
        ("n/one_two.three:80", "docker.io/n/one_two.three:80"), ("x", "docker.io/library/x:latest"),
        ("10.1.2.3", "docker.io/library/10.1.2.3:latest"),
        ("10.1.2.3:v", "docker.io/library/10.1.2.3:v"),
        ("10.1.2.3:80", "docker.io/library/10.1.2.3:80"), ("n/m", "docker.io/n/m:latest"),
        ("n_m/x", "docker.io/n_m/x:latest"), ("n__m/x", "docker.io/n__m/x:latest"),
        ("n-m/x", "docker.io/n-m/x:latest"), ("n---m/x", "docker.io/n---m/x:latest"),
        ("n/m/o/p", "docker.io/n/m/o/p:latest"), ("library/x", "docker.io/library/x:latest"),
        ("library/x/y", "docker.io/library/x/y:latest"),
        ("store/x/y", "docker.io/store/x/y:latest"),
        ("other/library", "docker.io/other/library:latest"),
        ("x-1.04-y", "docker.io/library/x-1.04-y:latest"),
        (
            String(repeating: "word", count: 16),
            "docker.io/library/" + String(repeating: "word", count: 16) + ":latest"
        ),
        (String(identifier.dropLast()), "docker.io/library/" + identifier.dropLast() + ":latest"),
        (many + "n:a-long-tag", "docker.io/" + many + "n:a-long-tag"),
        // A host.
        ("one.two/x:v", "one.two/x:v"), ("host:5000/x", "host:5000/x:latest"),
        ("host:5000/x:v", "host:5000/x:v"), ("a-b.c.one.two/x/y/z", "a-b.c.one.two/x/y/z:latest"),
        ("a-b.c.one.two/x/y/z:long-tag", "a-b.c.one.two/x/y/z:long-tag"),
        ("a.b.c/one.two.three/x-y:one.two.three", "a.b.c/one.two.three/x-y:one.two.three"),
        ("xn--nxa.com/x:xn--nxa.com", "xn--nxa.com/x:xn--nxa.com"),
        ("xn--nxa.com:18/x", "xn--nxa.com:18/x:latest"),
        ("h.io/xn--nxa.com/x", "h.io/xn--nxa.com/x:latest"),
        ("10.1.2.3/x", "10.1.2.3/x:latest"), ("10.1.2.3:8/x", "10.1.2.3:8/x:latest"),
        ("10.1.2.3:5000/x:5050", "10.1.2.3:5000/x:5050"), ("0101.com/x", "0101.com/x:latest"),
        ("001a.com/x", "001a.com/x:latest"), ("ab.c-om/x", "ab.c-om/x:latest"),
        ("h.io/x--y.z--w.v---u", "h.io/x--y.z--w.v---u:latest"),
        ("h.io/n_m/x", "h.io/n_m/x:latest"),
        (
            "h.io/" + String(repeating: "r", count: 255) + ":v",
            "h.io/" + String(repeating: "r", count: 255) + ":v"
        ),
        ("LOCAL/x", "LOCAL/x:latest"), ("Local/x/y", "Local/x/y:latest"),
        ("Host.com/x", "Host.com/x:latest"),
        ("localhost/x", "localhost/x:latest"), ("localhost/x/y", "localhost/x/y:latest"),
        ("docker.io/x", "docker.io/library/x:latest"),
        ("docker.io/library/x", "docker.io/library/x:latest"),
        ("docker.io/n/x", "docker.io/n/x:latest"),
        ("docker.io/library/x/y", "docker.io/library/x/y:latest"),
        ("index.docker.io/x", "docker.io/library/x:latest"),
        ("index.docker.io/library/x", "docker.io/library/x:latest"),
        ("index.docker.io/n/x", "docker.io/n/x:latest"),
        ("docker.io/" + identifier, "docker.io/library/" + identifier + ":latest"),
        ("h.io/x", "h.io/x:latest"),
        // An address of IPv6.
        ("[2001:db8::1]/x", "[2001:db8::1]/x:latest"),
        ("[2001:db8:1:2:3:4:5:6]/x:v", "[2001:db8:1:2:3:4:5:6]/x:v"),
        ("[2001:db8::1]:5000/x:v", "[2001:db8::1]:5000/x:v"),
        ("[2001:db8::]:5000/x", "[2001:db8::]:5000/x:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest"),
        ("[fc00::1]:5000/n/x", "[fc00::1]:5000/n/x:latest"),
        (
            "[2001:0db8:0000:0000:0000:8a2e:0370:7334]:80/x",
            "[2001:0db8:0000:0000:0000:8a2e:0370:7334]:80/x:latest"
        ),
        // A digest.
        ("x@\(digest)", "docker.io/library/x@\(digest)"),
        ("x:v@\(digest)", "docker.io/library/x:v@\(digest)"),
        ("host:5000/x@\(digest)", "host:5000/x@\(digest)"),
        ("host:5000/x:v@\(digest)", "host:5000/x:v@\(digest)"),
        ("[2001:db8::1]:5000/x@\(digest)", "[2001:db8::1]:5000/x@\(digest)"),
        ("[2001:db8::1]:5000/x:v@\(digest)", "[2001:db8::1]:5000/x:v@\(digest)"),
        ("xn--nxa.com/x:xn--nxa.com@\(digest)", "xn--nxa.com/x:xn--nxa.com@\(digest)"),
        ("localhost:80@\(digest)", "docker.io/library/localhost:80@\(digest)"),
        ("localhost@\(digest)", "docker.io/library/localhost@\(digest)"),
        ("localhost:80/x@\(digest)", "localhost:80/x@\(digest)"),
    ])
    func isRead(_ text: String, _ canonical: String) throws {
        #expect(try Reference(text).description == canonical)
    }

    @Test(arguments: [
        "", ":tag", "@\(digest)", "x@sha256:" + String(repeating: "d", count: 34),
        "x@other:" + String(repeating: "d", count: 64),
        "x@SHA256:" + String(repeating: "d", count: 64),
        "x@sha256:" + String(repeating: "D", count: 64), "x@\(digest)@\(digest)", "x@word",
        "x@2word",
        "Upper:v", "host:5000/Upper/x:v", "n/Upper", "Host/Upper", "h.io/n/Upper",
        "n/" + String(repeating: "r", count: 256) + ":v", String(repeating: "r", count: 256) + "/x",
        "n/x$$^/y", "x^y", "x$$^/y", "h.io/x:not~tag",
        // Addresses.
        "[2001:db8::1]", "[2001:db8::1]:5000", "[2001:db8::1]:v", "[fe80::1%eth0]:5000/x",
        "[fe80::1%@zone]:5000/x", "fc00::1:5000/x", "[2001:db8:3:4::192.0.2.33]:5000/x",
        "[::ffff:192.0.2.1]/x", "[fd00123]:80/x", "[fd00::3]80/x", "[fd00::3]::80/x",
        "[fd00:1:2::3%eth0]:80/x", "fd00:1:2::3:80/x",
        // Separators.
        "-x", "-n/x", "n-/x", "-n-/x", "-h.io/n/x", "n///x", "h.io/n///x", "n//x", "n/", "h.io/",
        "n/x/",
        "____/____", "_n/_x", "n_/x_", "n..m/x", "n_.m/x", "n-.m/x", "n./x", ".n/x", "n/-x", "n/x-",
        "h.io/x-/y", "h.io/__x/y", "h.io/..x/y", "h.io/.x/y", "h.io/x..y/z", "h.io/x___y",
        "ab-.com/x", "ab.-com/x", "ab.com-/x", "-ab.com/x",
        // Hosts and ports.
        "https://h.io/n/x", "h.io:http/x", "localhost:http/x", "h_i.o:80/x", "h__i:80/x",
        "h_i.o:80/x:v",
        "h.io:750050/x", "h.io:75050/x",
        // An image ID, or a digest without a name.
        identifier, digest, "sha512:" + String(repeating: "d", count: 128),
    ])
    func isRefused(_ text: String) {
        #expect(throws: ReferenceError.self) { try Reference(text) }
    }
}
