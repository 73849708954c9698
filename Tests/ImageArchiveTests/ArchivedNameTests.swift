import Testing

@testable import ImageArchive

@Suite struct ArchivedNameTests {
    @Test(arguments: [
        ("1", "1"), ("app:1", "1"), ("library/app", "latest"), ("docker.io/library/app:1", "1"),
        ("host:5000/app", "latest"), ("Not/A name", nil), ("a:b:c", nil),
    ])
    func tags(_ text: String, _ expected: String?) {
        #expect(ArchivedName(text: text).tag == expected)
    }

    @Test(arguments: [
        ("app:1", "app:1", true), ("docker.io/library/app:1", "app:1", true),
        ("app", "docker.io/library/app:latest", true), ("app:1", "app:2", false),
        ("host/app:1", "app:1", false), ("1", "1", true), ("Not/A name", "Not/A name", true),
        ("Not/A name", "app", false),
    ])
    func namesOfTheUser(_ text: String, _ name: String, _ expected: Bool) {
        #expect(ArchivedName(text: text).isNamed(name) == expected)
    }
}
