select access_shared('scorecard');
select access_shared('scorecard_revision', staff => 'insert');
