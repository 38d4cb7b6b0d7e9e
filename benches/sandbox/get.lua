-- The same payment over and over.
wrk.headers["Authorization"] = "Bearer @TOKEN@"
wrk.path = "/v1/payments/@ID@"
