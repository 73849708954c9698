import Testing

@testable import Registry

@Suite struct HeaderValueTests {
    @Test func uploadRanges() {
        #expect(HeaderValue.uploadedByteCount("0-99") == 100)
        #expect(HeaderValue.uploadedByteCount("bytes=0-99") == 100)
        #expect(HeaderValue.uploadedByteCount("0-0") == 0)
        for text in ["", "-", "0-", "5-99", "0--1", "0-x", "99999999999999999999-1"] {
            #expect(HeaderValue.uploadedByteCount(text) == nil)
        }
    }
}
