use proptest::prelude::*;

use super::*;

/// Assembled from two parts, so that no scanner takes the examples for keys of ours.
fn key(beginning: &str, rest: &str) -> String {
    format!("{beginning}{rest}")
}

#[track_caller]
fn assert_masked(text: &str, expected: &str) {
    assert_eq!(masked(text).0, expected, "{text}");
    assert_eq!(masked(expected).1, 0, "masking again changes nothing: {expected}");
}

#[test]
fn keys_of_well_known_services_are_found_anywhere() {
    for example in [
        key("sk-", "proj-T3BlbkFJx0Qm2V8sYw1zKd9aRcE4"),
        key("sk-ant-", "api03-Zk3v9QxW1_7pLmN-5tRbY2cHd8"),
        key("sk-", "4f3c2b1a0d9e8f7a6b5c"),
        key("hf_", "QwErTyUiOpAsDfGhJkLzXcVb1234567890"),
        key("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
        key("github_pat_", "11ABCDE0Y0abcdefGHIJKL_mnopQRST"),
        key("glpat-", "a1B2c3D4e5F6g7H8i9J0"),
        key("xoxb-", "123456789012-abcdefABCDEF"),
        key("AKIA", "IOSFODNN7EXAMPLE"),
        key("AIza", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
        key("gsk_", "a1b2c3d4e5f6g7h8i9j0k1l2"),
        key("sk_live_", "51H8a9b0c1d2e3f4g5"),
        key("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
    ] {
        for (before, after) in [("x = \"", "\"\n"), ("run --with ", " now"), ("", ""), ("see https://a.b/c/", ".\n")] {
            let after = after.trim_start_matches('.');
            assert_masked(&format!("{before}{example}{after}"), &format!("{before}{PLACEHOLDER}{after}"));
        }
    }
}

#[test]
fn a_long_token_beside_the_name_of_a_key_is_found() {
    let token = key("q8Zr4Tn1", "Vw7Kx2Lp9Sd3Fg6H");
    for text in [
        "api_key = \"@\"",
        "API_KEY='@'",
        "client = Client(api_key=\"@\", timeout=3)",
        "os.environ[\"OPENAI_API_KEY\"] = \"@\"",
        "headers = {\"Authorization\": \"Bearer @\"}",
        "headers = {'x-api-key': '@'}",
        "{\"apiKey\": \"@\"}",
        "token: str = \"@\"",
        "token = (\n    \"@\"\n)",
        "AWS_SECRET_ACCESS_KEY=@\n",
        "HF_TOKEN=@",
        "--api-key @",
        "--token=@ --n 3",
        "# my secret: @",
        "os.getenv(\"TOKEN\", \"@\")",
    ] {
        assert_masked(&text.replace('@', &token), &text.replace('@', PLACEHOLDER));
    }
    // Hexadecimal digits, and base64 with its padding.
    for token in
        ["9f86d081884c7d659a2feaa0c55ad015", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE1KEYs2==", "3e4666bf-5e5c-4b12-9b1a"]
    {
        assert_masked(&format!("secret = '{token}'"), &format!("secret = '{PLACEHOLDER}'"));
    }
}

#[test]
fn passwords_are_found_beside_their_name_and_in_addresses() {
    assert_masked("password = \"hunter22!\"", "password = \"KEY-REMOVED\"");
    assert_masked("connect(user='me', password='p@ss w0rd')", "connect(user='me', password='p@ss w0rd')");
    assert_masked("{\"password\": \"s3cr&t-value\"}", "{\"password\": \"KEY-REMOVED\"}");
    assert_masked("postgres://me:abc123@db.example:5432/x", "postgres://me:KEY-REMOVED@db.example:5432/x");
    assert_masked("f\"postgres://{user}:{password}@db\"", "f\"postgres://{user}:{password}@db\"");
}

#[test]
fn private_keys_are_found() {
    let content = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA\nAoIBAQC7VJTUt9Us8cKj";
    let pem =
        |content: &str| format!("k = \"\"\"-----BEGIN PRIVATE KEY-----\n{content}\n-----END PRIVATE KEY-----\"\"\"\n");
    assert_masked(&pem(content), &pem(PLACEHOLDER));
}

#[test]
fn what_only_resembles_a_key_is_left_alone() {
    for text in [
        include_str!("../../exercises/program/first.py"),
        include_str!("../../../static/python/async_basics.py"),
        include_str!("../../../static/python/async_api_calls.py"),
        include_str!("../../../static/python/async_file_io.py"),
        include_str!("../../../static/python/advanced.py"),
        // Hashes, UUIDs, commits and base64 without a name beside them.
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "run_id = '3e4666bf-d5e5-4aa7-b8ce-cefe41c7568a'",
        "git checkout 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "img = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'",
        // Words.
        "pip install scikit-learn-extra-classification-2",
        "task-0123456789-abcdef0123 risk-a1b2c3d4e5f6a7b8c9d0",
        "sk-your-key-goes-here",
        "sk-...",
        "api_key = \"YOUR_API_KEY_GOES_HERE\"",
        "api_key = os.environ[\"OPENAI_API_KEY_2024\"]",
        "api_key = get_api_key_from_the_environment2()",
        "token = tokenizer.decode(tokens_of_batch_12)",
        "tokenizer = load(\"Qwen2.5-7B-Instruct-AWQ-4bit-v2\")",
        "pad_token = \"<|endoftext|>\"",
        "pad_token_id = 151643151643151643",
        "token = \"meta-llama/Llama-3.2-1B-Instruct\"",
        "max_tokens_per_request_and_model_v10 = 4096",
        "password = input(\"Password: \")",
        "password = \"changeme\"",
        "secret_santa = ['Ana', 'Bo']",
        "key = 'a1B2c3D4e5F6g7H8'",
        "https://example.org/a1b2c3d4e5f6a7b8c9d0?page=2",
        "see https://docs.python.org:443/3/library/asyncio.html",
        "hf_hub_download(repo_id='google/flan-t5-small')",
        "npm_config_registry_and_many_other_words_without_digits",
    ] {
        assert_eq!(find(text).iter().map(|key| &text[key.clone()]).collect::<Vec<_>>(), [""; 0]);
    }
}

#[test]
fn a_program_loses_its_keys_in_all_files_and_arguments() {
    let secret = key("sk-", "proj-T3BlbkFJx0Qm2V8sYw1z");
    let files = vec![
        ProgramFile::text("main.py", "print(1)\n"),
        ProgramFile::text(".env", &format!("API_KEY={secret}\n")),
        ProgramFile::new("w.bin", Content::from_bytes(vec![0, 1])),
    ];
    let program = ProgramFiles::new(files, &format!("--key {secret}")).expect("valid");
    let (without, found) = without_keys(&program);
    assert_eq!(found, 2);
    assert_eq!(without.get(".env").and_then(|file| file.content.text()), Some("API_KEY=KEY-REMOVED\n"));
    assert_eq!(without.arguments(), "--key KEY-REMOVED");
    assert_eq!(keys(&program), [secret]);
    assert_eq!(without_keys(&without), (without.clone(), 0));
}

proptest! {
    #[test]
    fn no_text_panics_and_masking_twice_changes_nothing(text in r#"(token|password|=|"|'| |\n|://|@|sk-|[a-zA-Z0-9]{1,20}|\PC)*"#) {
        let once = masked(&text).0.into_owned();
        let twice = masked(&once).0.into_owned();
        prop_assert_eq!(twice, once);
    }
}
