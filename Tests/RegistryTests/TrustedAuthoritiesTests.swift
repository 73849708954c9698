import ByteStream
import Testing

@testable import Registry

@Suite struct TrustedAuthoritiesTests {
    @Test func theFirstFileThatCanBeReadIsTheBundle() {
        #expect(
            TrustedAuthorities.bundle(among: ["/nowhere/a", "/dev/null", "/dev/zero"])
                == "/dev/null")
        #expect(TrustedAuthorities.bundle(among: ["/nowhere/a"]) == nil)
    }

    @Test(arguments: [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
    ])
    func placesOfOtherSystemsAreKnown(place: String) {
        #expect(TrustedAuthorities.bundlePlaces.contains(Path(place)))
    }
}
