// A press on a sign-in of the demonstration fills the form.
"use strict";

for (const button of document.querySelectorAll("[data-demo-login]")) {
    button.addEventListener("click", () => {
        const form = document.getElementById("login-form");
        form.elements.username.value = button.dataset.demoLogin;
        form.elements.password.value = button.dataset.demoPassword;
        form.querySelector("[type=submit]").focus();
    });
}
